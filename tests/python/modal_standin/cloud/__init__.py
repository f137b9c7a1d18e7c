"""A stand-in of Modal's service on loopback, for tests of what talks to Modal.

It answers the calls that Modal's own client makes to run an ephemeral app with classes on GPUs, and runs the functions in
Modal's own container runtime, one process per function and set of options. It is no cloud: images are not built, GPUs are
only names, volumes are empty, and one machine does all. What it was asked is recorded, for tests to look at.

`python -m cloud` prints the port it listens on as its first line, then what it records, and serves until its standard input
ends or it is told to terminate. `MODAL_TOKEN_ID` and `MODAL_TOKEN_SECRET` in its environment are the one token it accepts.
"""
