"""``python -m AutoContourRTCore`` is the command ``autocontourrt``."""

import sys

from AutoContourRTCore.cli import main

sys.exit(main())
