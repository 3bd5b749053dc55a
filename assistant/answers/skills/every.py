"""All skills that come with the assistant."""

from assistant.answers.skills.alarms import AlarmsSkill
from assistant.answers.skills.base import Skill
from assistant.answers.skills.calendar import CalendarSkill
from assistant.answers.skills.chance import ChanceSkill
from assistant.answers.skills.device import DeviceSkill
from assistant.answers.skills.lists import ListsSkill
from assistant.answers.skills.memory import MemorySkill
from assistant.answers.skills.refusals import RefusalsSkill
from assistant.answers.skills.reminders import RemindersSkill
from assistant.answers.skills.repeat import RepeatSkill
from assistant.answers.skills.ringing import RingingSkill
from assistant.answers.skills.spelling import SpellingSkill
from assistant.answers.skills.sums import SumsSkill
from assistant.answers.skills.timers import TimersSkill
from assistant.answers.skills.units import UnitsSkill
from assistant.answers.skills.volume import VolumeSkill

SKILLS: tuple[Skill, ...] = (
    TimersSkill(),
    AlarmsSkill(),
    RemindersSkill(),
    RingingSkill(),
    VolumeSkill(),
    ListsSkill(),
    CalendarSkill(),
    SumsSkill(),
    UnitsSkill(),
    ChanceSkill(),
    MemorySkill(),
    SpellingSkill(),
    RepeatSkill(),
    DeviceSkill(),
    RefusalsSkill(),
)
"""In no order: the surest sentence decides."""
