"""What receives notifications is a plain module, `bridges.notify.receivers`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
