"""A stand-in of Modal's service on loopback, for tests of clients of Modal.

It implements the calls that Modal's own client makes to run an ephemeral app with classes on GPUs, and runs the functions in
Modal's own container runtime, one process per function and set of options. It is not a cloud: images are not built, GPUs are
only names, volumes are empty, and everything runs on one machine. All requests are recorded for tests.

`python -m cloud` prints its port as the first line, then the recorded events, and serves until its standard input ends or
it receives SIGTERM. It accepts only the token in `MODAL_TOKEN_ID` and `MODAL_TOKEN_SECRET` of its environment.
"""
