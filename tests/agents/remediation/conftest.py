"""The world of these tests is a plain module, `agents.world`, beside this folder."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
