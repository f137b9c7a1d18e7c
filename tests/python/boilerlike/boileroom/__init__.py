"""A small package with boileroom's interface and none of its models: wrappers, the life cycle of a backend, one backend.

`hydrotest serve` runs the models. The response classes come from `boileroom_classes`, everything else is here. Both folders
have to be importable.
"""

import boileroom_classes  # noqa: F401  makes the classes of responses, and their modules

from . import cores, inputs, wrapper

inputs.install()
cores.install()

WRAPPERS = {"ESMFold": "fold", "ESM2": "embed", "ESMFold2": "fold", "ESMC": "embed", "ESM3": "embed", "Chai1": "fold", "Boltz2": "fold"}

for _name, _method in WRAPPERS.items():
    globals()[_name] = wrapper.make(_name, _method)
