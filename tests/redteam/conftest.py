"""The siege is a plain module beside these tests, `redteam.siege`; attacks of commands stand with the guard's tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
