"""All skills that come with the assistant."""

from assistant.answers.skills.base import Skill
from assistant.answers.skills.timers import TimersSkill

SKILLS: tuple[Skill, ...] = (TimersSkill(),)
"""In no order: the surest sentence decides."""
