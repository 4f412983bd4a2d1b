"""The stage is a plain module beside these tests, `scenarios.stage`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
