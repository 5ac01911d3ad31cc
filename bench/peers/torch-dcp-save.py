"""The peer: SOURCE TARGET. Loads all safetensors of a folder, saves them with torch.distributed.checkpoint, one process."""

import pathlib
import sys

import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file

source, target = sys.argv[1:]
tensors = {}
for file in sorted(pathlib.Path(source).glob("*.safetensors")):
    tensors |= load_file(file)
dcp.save(tensors, checkpoint_id=target, no_dist=True)
