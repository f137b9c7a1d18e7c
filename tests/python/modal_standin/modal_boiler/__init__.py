"""A package like boileroom that runs its models on Modal, for tests of the path from a caller to Modal and back.

It has the shape of boileroom's own: a wrapper per model (`modal_boiler.boileroom`) that owns a started backend, one Modal app
per model that all its users share, the configuration as JSON bytes, the device as Modal's class of GPU. Life cycle and cores
are those of the package `boileroom` in `../../boilerlike`, whose models are the synthetic ones of `hydrotest serve`.
"""
