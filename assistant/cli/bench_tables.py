"""What `assistant bench` shows to people."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from assistant.bench.conversation import run as conversation
    from assistant.bench.load import run as load
    from assistant.bench.soak import report as soak_report
    from assistant.bench.speed.report import Baseline, Report, Row, Spread, WindowRow

UNITS = {
    "memory_mb": ("memory", "MB"),
    "anonymous_mb": ("memory of its own", "MB"),
    "files": ("file descriptors", ""),
    "threads": ("threads", ""),
    "voice_to_voice_ms": ("voice-to-voice", "ms"),
}
"""What has a trend in a soak, and its unit."""

COURSE = (
    "until which minute · memory, and that of its own · file descriptors, threads, cores busy, wake-ups a second · "
    "turns, missed ones · late blocks, samples lost, underflows · voice-to-voice in ms · load shed"
)
"""What the columns of a soak are, which have to fit into 80 characters."""

MARKS = ("soft_end", "revision", "transcript", "first_token", "first_audio", "commit")

SHORT = {"soft_end": "soft", "transcript": "words", "first_audio": "audio"}
"""Marks in the table of clips, which has to fit into 80 columns, and what its head calls them."""


def show(report: "Report", console: Console) -> None:
    console.print(_clip_table(report.clips), _summary_table(report))
    if report.baseline is not None:
        console.print(_baseline_table(report, report.baseline))
    if report.windows:
        console.print(_window_table(report.windows))
    _show_machine(report, console)


def show_conversation(report: "conversation.Report", console: Console) -> None:
    """One table, and what did not pass."""
    console.print(_conversation_table(report.summary))
    failed = Table("what went wrong", "", "", box=SIMPLE_HEAD, pad_edge=False)
    for trial in report.trials:
        if not trial.passed:
            failed.add_row(trial.measure.replace("_", "-"), trial.clip, trial.variant)
    if failed.row_count:
        console.print(failed)
    _show_machine(report, console)


def show_load(report: "load.Report", console: Console) -> None:
    """Both conditions beside each other."""
    table = Table("", "without", f"with {report.loaded.clients} clients", box=SIMPLE_HEAD, pad_edge=False)
    conditions = (report.quiet, report.loaded)
    for name, spreads, digits in (
        ("status, median … p95 … max (ms)", [one.status_ms for one in conditions], 1),
        ("voice-to-voice, median … p95 … max (ms)", [one.voice_to_voice_ms for one in conditions], 0),
    ):
        table.add_row(name, *(_three(spread, digits) for spread in spreads))
    table.add_row("calls", *(str(one.calls) for one in conditions))
    table.add_row("late blocks", *(str(one.late_blocks) for one in conditions))
    table.add_row("errors", *(str(one.errors) for one in conditions))
    console.print(table)
    if report.ratio is not None:
        found = report.ratio
        console.print(
            f"voice-to-voice with the clients is {found.median} ({found.low} to {found.high}) of that without"
        )
    console.print(f"{report.events_dropped} events dropped")
    _show_machine(report, console)


def show_soak(report: "soak_report.Report", console: Console) -> None:
    """Over time, its trend, the idle daemon, and what was reached."""
    if report.rows:
        console.print(_course_table(report))
    console.print(_trend_table(report), _idle_table(report))
    missed = Table("missed", "scene", "clip", box=SIMPLE_HEAD, pad_edge=False)
    for exchange in report.exchanges:
        if exchange.missed:
            missed.add_row(exchange.missed, exchange.scene, exchange.clip)
    if missed.row_count:
        console.print(missed)
    console.print(_target_table(report))
    console.print(
        f"{report.turns} turns in {_minutes(report.talk_s)}, {report.interrupted} interrupted as wanted, "
        f"{report.false_wakes} false wakes, load shed {report.load_sheds} times; voice-to-voice "
        f"{_three(report.voice_to_voice_ms, 0)} ms (median … p95 … max)"
    )
    _show_machine(report, console)


def _course_table(report: "soak_report.Report") -> Table:
    heads = ("min", "MB", "own", "files", "thr", "core", "wakes", "turns", "miss", "late", "lost", "dry", "v2v", "shed")
    columns = (Column(head, justify="right", no_wrap=True) for head in heads)
    table = Table(*columns, box=SIMPLE_HEAD, show_edge=False, padding=0, caption=COURSE, caption_justify="left")
    for row in report.rows:
        figures = (row.memory_mb, row.anonymous_mb, row.files, row.threads)
        counts = (row.turns, row.missed, row.late_blocks, row.dropped_samples, row.underflows)
        table.add_row(
            _number(row.until_s / 60, 1),
            *(_number(figure) for figure in figures),
            _number(row.core, 2),
            _number(row.wakeups_per_s),
            *(str(count) for count in counts),
            _number(row.voice_to_voice_ms),
            str(row.load_sheds),
        )
    return table


def _trend_table(report: "soak_report.Report") -> Table:
    table = Table("trend", "an hour adds", "95% interval", "", box=SIMPLE_HEAD, pad_edge=False)
    for name, trend in report.trends.items():
        label, unit = UNITS[name]
        if trend is None:
            table.add_row(label, "–", "–", "too little was measured")
            continue
        verdict = "noise" if trend.is_noise else "grows" if trend.grows else "shrinks"
        table.add_row(label, f"{trend.slope:+.2f} {unit}", f"{trend.low:+.2f} to {trend.high:+.2f}", verdict)
    return table


def _idle_table(report: "soak_report.Report") -> Table:
    table = Table("idle", "thread", "core", "wake-ups/s", "MB", "own", box=SIMPLE_HEAD, pad_edge=False)
    for when, idle in report.idle.items():
        memory = (_number(idle.memory_mb), _number(idle.anonymous_mb))
        table.add_row(f"{when}, {idle.seconds:.0f} s", "all", f"{idle.core:.1%}", _number(idle.wakeups_per_s), *memory)
        for thread in idle.threads:
            table.add_row("", thread.name, f"{thread.core:.1%}", _number(thread.wakeups_per_s))
    return table


def _target_table(report: "soak_report.Report") -> Table:
    table = Table("wanted", "reached", "found", box=SIMPLE_HEAD, pad_edge=False)
    for target in report.targets:
        table.add_row(target.name, "yes" if target.reached else "no", target.found)
    return table


def _three(spread: "Spread", digits: int) -> str:
    return " … ".join(_number(value, digits) for value in (spread.median, spread.p95, spread.max))


def _conversation_table(summary: "conversation.Summary") -> Table:
    table = Table("", "", "of")
    table.add_row("wake words heard", _percent(summary.wake_hit_rate), str(summary.wake_words))
    table.add_row("false wakes an hour", _number(summary.false_wakes_per_hour, 1), _minutes(summary.negative_s))
    table.add_row("commits in a pause", _percent(summary.premature_commit_rate), str(summary.pauses))
    stretched = summary.premature_commit_rate_stretched
    table.add_row("commits in a longer pause", _percent(stretched), str(summary.stretched_pauses))
    table.add_row("barge-ins missed", str(summary.barge_ins_missed), str(summary.barge_ins))
    table.add_row("backchannels survived", str(summary.backchannels_survived), str(summary.backchannels))
    table.add_row("self-interruptions", str(summary.self_interruptions), _minutes(summary.own_speech_s))
    table.add_row("self-wakes", str(summary.self_wakes), _minutes(summary.own_speech_s))
    table.add_row("lowered by itself", str(summary.disturbances), _minutes(summary.own_speech_s))
    table.add_section()
    table.add_row("ms", "median", "p95 … max", style="bold")
    for name, spread in (
        ("end of a wake word to the event", summary.wake_latency_ms),
        ("end of a sentence to the commit", summary.endpoint_delay_ms),
        ("barge-in to silence", summary.barge_in_to_silence_ms),
    ):
        table.add_row(name, _number(spread.median), f"{_number(spread.p95)} … {_number(spread.max)}")
    return table


def _show_machine(report: "Report | conversation.Report | load.Report | soak_report.Report", console: Console) -> None:
    machine = ", ".join(f"{key} {value}" for key, value in report.machine.items())
    engines = " · ".join(f"{name} on {report.devices[stage]}" for stage, name in report.models.items())
    console.print(f"{engines}\n{machine}", style="dim")


def _clip_table(rows: list["Row"]) -> Table:
    """One line a clip, marks in milliseconds after the end of speech."""
    clip, said = Column("clip", no_wrap=True), Column("transcript", no_wrap=True, overflow="ellipsis", min_width=20)
    figures = [Column(name, justify="right", no_wrap=True) for name in ("wer", *SHORT.values(), "v2v")]
    table = Table(clip, *figures, said, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        marks = [_number(getattr(row.marks_ms, name)) for name in SHORT]
        heard = row.error or ("cut in: " if row.cut_in else "") + row.transcript
        table.add_row(row.clip[:22], _number(row.wer, 2), *marks, _number(row.voice_to_voice_ms), heard)
    return table


def _summary_table(report: "Report") -> Table:
    summary = report.summary
    table = Table("", "median", "p95", "max")
    for name in MARKS:
        table.add_row(f"{name} ms", *_spread(summary.marks_ms[name]))
    table.add_row("voice-to-voice ms", *_spread(summary.voice_to_voice_ms), style="bold")
    table.add_row("recognition, real-time factor", *_spread(summary.asr_real_time_factor, 3))
    table.add_row("synthesis, real-time factor", *_spread(summary.tts_real_time_factor, 3))
    table.add_row("cores busy while the user speaks", *_spread(summary.listening_cores, 2))
    table.add_row("processor seconds wasted a turn", *_spread(summary.wasted_cpu_s, 2))
    table.add_section()
    table.add_row("word error rate", _number(summary.wer, 4))
    table.add_row("answers heard of those begun", _number(summary.speculation_hit_rate, 2))
    table.add_row("cut-ins", str(summary.cut_ins))
    table.add_row("late blocks of audio", str(summary.late_blocks))
    table.add_row("errors", str(summary.errors))
    table.add_row("start-up s", _number(summary.start_s, 2))
    table.add_row("peak memory MB", _number(summary.peak_rss_mb))
    return table


def _baseline_table(report: "Report", baseline: "Baseline") -> Table:
    """Where the time goes in both pipelines, and the ratio."""
    table = Table("ms, median and p95", "assistant", baseline.name)
    rows = [(name, report.summary.marks_ms[name], baseline.marks_ms[name]) for name in MARKS[2:]]
    rows.append(("voice-to-voice", report.summary.voice_to_voice_ms, baseline.voice_to_voice_ms))
    for name, ours, theirs in rows:
        table.add_row(name, *(f"{_number(side.median)} … {_number(side.p95)}" for side in (ours, theirs)))
    table.add_row("word error rate", _number(report.summary.wer, 4), _number(baseline.wer, 4))
    if ratio := report.summary.ratio_to_baseline:
        table.add_section()
        interval = f"{ratio.low:.2f} to {ratio.high:.2f}"
        table.add_row("ratio of medians, 95% interval", f"{ratio.median:.2f} ({interval})", "1", style="bold")
    return table


def _window_table(rows: list["WindowRow"]) -> Table:
    table = Table("window of recognition", "wer", "differs from full", "median s", "p95 s", "max s")
    for row in rows:
        table.add_row(row.window, _number(row.wer, 4), _number(row.disagreement, 4), *_spread(row.seconds, 3))
    return table


def _spread(spread: "Spread", digits: int = 0) -> tuple[str, str, str]:
    return _number(spread.median, digits), _number(spread.p95, digits), _number(spread.max, digits)


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"
