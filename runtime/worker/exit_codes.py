"""How a process tells its supervisor why it ended: exit statuses of sysexits.h."""

from __future__ import annotations

from typing import Final

CANNOT_START_EXIT_CODE: Final = 78  # EX_CONFIG: a setting, a folder or a model; starting it again changes nothing
RESTART_EXIT_CODE: Final = 75  # EX_TEMPFAIL: it is to be started again
