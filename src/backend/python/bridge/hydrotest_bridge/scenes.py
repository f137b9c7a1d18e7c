"""Plays the scenes of the life cycle on a user's own backend and says what was wrong, and what is worth knowing. What must hold
is boileroom's contract.

A scene has a fresh process. What fails before the scene is on, such as the first start, is raised: then the platform is
broken, and nothing was found out about the life cycle.
"""

import os
import signal
import sys
import threading
import time

from . import offspring, stage


def play(name, plan, note):
    """The sentences about what was wrong in a scene, none when all was well, and those about what is worth knowing."""
    play_on = stage.Stage(plan, note)
    try:
        SCENES[name](play_on)
    finally:
        play_on.clear()
    return play_on.wrong, play_on.notes


def start_twice(on):
    backend = on.started()
    hooks = on.hooks(backend)
    on.expect("a second start()", backend.start)
    on.count(backend, "startup", 1, "after two start()")
    if on.hooks(backend) > hooks:
        on.say("the second start() registered another exit hook")
    on.usable(backend, "after a second start()")
    on.stop(backend, "after two start()")


def stop_twice(on):
    backend = on.started()
    on.stop(backend, "after the first stop()")
    on.expect("a second stop()", backend.stop)
    on.count(backend, "shutdown", 1, "after two stop()")


def stop_before_start(on):
    backend = on.fresh()
    on.expect("stop() before start()", backend.stop)
    on.count(backend, "shutdown", 0, "after stop() before start()")
    on.again(backend, "after a stop() before it")


def use_before_start(on):
    on.unusable(on.fresh(), "before start()")


def failed_start(on):
    backend = on.fresh()

    def fail():
        raise stage.Staged("the platform is not there")

    with on.instead(backend, "startup", fail):
        try:
            backend.start()
        except stage.Staged:
            pass
        except Exception as error:
            on.say("start() turned what startup() raised into {}".format(stage.words(error)))
        else:
            on.say("start() swallowed what startup() raised")
    on.not_running(backend, "after startup() raised")
    on.no_hook(backend, "after startup() raised")
    on.nothing_left("after a start() that failed")
    on.again(backend, "after a start() that failed")


def failed_stop(on):
    backend = on.started()
    shutdown = backend.shutdown

    def fail():
        shutdown()
        raise stage.Staged("the platform does not answer")

    with on.instead(backend, "shutdown", fail):
        on.stop(backend, "after shutdown() raised")
    on.again(backend, "after a stop() whose shutdown() raised")


def restart_after_crash(on):
    backend = on.started()
    killed = on.own()
    for process in killed:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    if killed:
        on.call_fails(backend, "after its {} processes were killed".format(len(killed)))
    on.expect("stop() after a crash", backend.stop)
    on.not_running(backend, "after stop() after a crash")
    on.again(backend, "after a crash")


def stop_during_start(on):
    backend = on.fresh()
    over = threading.Event()
    # As Ctrl-C comes: in the middle, and to the main thread.
    breaker = threading.Thread(target=_break_off, args=(on, over), daemon=True)
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    breaker.start()
    completed = False
    try:
        try:
            backend.start()
            completed = True
        finally:
            over.set()
            breaker.join()
            if signal.getsignal(signal.SIGINT) is _interrupt:
                signal.signal(signal.SIGINT, before)
    except KeyboardInterrupt:
        pass
    except Exception as error:
        on.say("start() turned the interruption into {}".format(stage.words(error)))
    if not completed:
        on.not_running(backend, "after start() was broken off")
        on.no_hook(backend, "after start() was broken off")
    on.expect("stop() after start() was broken off", backend.stop)
    on.nothing_left_by_shutdown(backend, "after start() was broken off and stop() called")
    on.again(backend, "after it was broken off")


def _break_off(on, over):
    """Sends the main thread an interruption once the platform has started something, or a moment has passed; again until the
    thread is where it can be interrupted."""
    main = threading.main_thread().ident
    moment = time.monotonic() + 0.5
    _interrupt.done = False
    while not over.wait(0.02) and not _interrupt.done:
        if (on.own() or time.monotonic() > moment) and not _is_indivisible(sys._current_frames().get(main)):
            # The backend has to know by now what it has started; nobody can be asked to clear up before that.
            if not over.wait(0.02) and not _is_indivisible(sys._current_frames().get(main)):
                signal.pthread_kill(main, signal.SIGINT)
                if signal.getsignal(signal.SIGINT) is not _interrupt:
                    return


def _interrupt(number, frame):
    """What Python does on Ctrl-C, unless the thread has begun with something indivisible since the signal was sent."""
    if not _interrupt.done and not _is_indivisible(frame):
        _interrupt.done = True
        raise KeyboardInterrupt


def _is_indivisible(frame):
    """Whether a thread makes a process, whose number only that code knows yet, or imports a module: a package that is half
    imported, such as PyTorch, cannot be imported again in the same interpreter."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "subprocess" and frame.f_code.co_name in ("__init__", "_execute_child"):
            return True
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def orderly_exit(on):
    status, stopped = offspring.run(on.plan, lambda child: child.send("end"))
    if not stopped:
        on.say("the program ended (status {}) without stop(): shutdown() was not called".format(status))
    on.nothing_left("after the program that held it had ended")


def terminated(on):
    status, stopped = offspring.run(on.plan, lambda child: child.terminate())
    if not stopped:
        on.say("the program was ended by SIGTERM (status {}): shutdown() was not called".format(status))
    on.nothing_left("after the program that held it was ended by SIGTERM")


def two_at_once(on):
    one = on.started()
    other = on.fresh()
    if not on.expect("start() of a second instance", other.start):
        return
    on.answers(one, "while a second one runs")
    on.answers(other, "while a first one runs")
    on.expect("stop() of the first of two", one.stop)
    on.not_running(one, "after its stop()")
    on.answers(other, "after the first of two was stopped")
    on.stop(other, "after two were stopped")


SCENES = {
    function.__name__: function
    for function in (
        start_twice, stop_twice, stop_before_start, use_before_start, failed_start, failed_stop, restart_after_crash,
        stop_during_start, orderly_exit, terminated, two_at_once,
    )
}
