"""`python -m recorder_service`: the recorder."""

import sys

from recorder_service.recorder_service import main

sys.exit(main())
