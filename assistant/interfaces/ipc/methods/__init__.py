"""Everything that can be asked over the socket: a module a domain, with parameters, results and handlers together.

`assistant ipc schema` prints it, the table in the README is made of it.
"""

from assistant.interfaces.ipc.method import Method
from assistant.interfaces.ipc.methods import conversation, daemon, events, history, household, sound, transcription

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        daemon.status,
        conversation.ask,
        conversation.say,
        conversation.listen,
        conversation.stop,
        sound.mute,
        sound.volume,
        transcription.transcribe,
        transcription.transcribe_chunk,
        events.subscribe,
        history.history_get,
        history.history_clear,
        household.timers_get,
        household.timers_cancel,
        household.lists_get,
        daemon.reload,
        daemon.metrics,
        daemon.cancel,
        daemon.shutdown,
    )
}
"""By name, in the order in which they are described."""
