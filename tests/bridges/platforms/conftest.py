"""Recorded answers are a plain module beside these tests, `bridges.platforms.recorded`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
