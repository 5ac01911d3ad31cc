"""Python imports this by itself when the folder is on PYTHONPATH: the stand-ins of absent_packages.py for a program that we only start."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
import absent_packages  # noqa: E402

absent_packages.install()
