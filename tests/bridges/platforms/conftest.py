"""The tests here share modules of captured answers; they are found from the folder of all tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
