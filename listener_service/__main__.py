"""`python -m listener_service`: the listener."""

import sys

from listener_service.listener_service import main

sys.exit(main())
