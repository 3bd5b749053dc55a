"""All of them, in the order of the table."""

from tests.machine.faults import clock, configuration, devices, ends, memory, storage, supervision
from tests.machine.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *devices.FAULTS,
    *clock.FAULTS,
    *storage.FAULTS,
    *memory.FAULTS,
    *ends.FAULTS,
    *supervision.FAULTS,
    *configuration.FAULTS,
)
