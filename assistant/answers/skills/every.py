"""All skills that come with the assistant."""

from assistant.answers.skills.base import Skill
from assistant.answers.skills.ringing import RingingSkill
from assistant.answers.skills.timers import TimersSkill

SKILLS: tuple[Skill, ...] = (TimersSkill(), RingingSkill())
"""In no order: the surest sentence decides."""
