#!/usr/bin/env python3
"""Scheduled broadcasts in `matinee up`: on air on the second, wrong keys, retries, and `kill -9` of
the streamer and of `matinee up` itself; seen by the receiver and by the AWS CLI."""

import os
import pathlib
import signal
import tempfile
import time

from rehearsal import media
from rehearsal.checks import Checks, eventually
from rehearsal.nginx import Nginx
from rehearsal.proxy import Proxy
from rehearsal.region import Region, entered, moment

SECONDS = 25


def main():
    checks = Checks("orchestration")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        file = media.encode(directory / "show.mp4", SECONDS, b_frames=2)
        with Nginx(directory / "nginx") as nginx, Proxy(nginx.port) as proxy:
            with checks.section("one goes well, one has the wrong key, of one the streamer is killed"):
                with Region(directory / "one") as region:
                    three_shows(checks, region, nginx, proxy, file)
            with checks.section("`matinee up` is killed: mid-show, while one waits, one comes due meanwhile"):
                with Region(directory / "two") as region:
                    killed_region(checks, region, nginx, file)
            with checks.section("a mute video with head, tail and silence, whose first ingest goes away for good"):
                with Region(directory / "three") as region:
                    on_the_backup(checks, region, nginx, proxy, directory)
    checks.finish()


def three_shows(checks, region, nginx, proxy, file):
    good, air_time = region.schedule(file, proxy.url, "good", 15)
    wrong, _ = region.schedule(file, nginx.url, "wrong-first", 10)
    crash, _ = region.schedule(file, nginx.url, "crash", 15)

    kill_streamer(checks, region, nginx, crash)
    goes_well(checks, region, nginx, proxy, file, good, air_time)
    with checks.section("wrong key, then the right one"):
        wrong_key(checks, region, nginx, file, wrong)
    with checks.section("after the streamer was killed"):
        after_crash(checks, region, nginx, file, crash)


def kill_streamer(checks, region, nginx, broadcast):
    checks.check("streamer: on air", eventually(lambda: nginx.recordings("crash"), 60) != [])
    time.sleep(8)
    pids = region.streamers(broadcast)
    checks.check("streamer: its process is found", len(pids) >= 1, pids)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def goes_well(checks, region, nginx, proxy, file, broadcast, air_time):
    checks.equal("good: aired", region.settles(broadcast, SECONDS + 60), "aired")
    shown = region.show(broadcast)
    error = shown["outcome"]["on_air_error_ms"]
    checks.check("good: on air within 50 ms, by the outcome", abs(error) <= 50, f"{error:+.1f} ms")
    late = (proxy.first_media() - air_time.timestamp()) * 1000
    checks.check("good: on air within 50 ms, by the receiver's clock", abs(late) <= 50, f"{late:+.1f} ms")
    checks.equal("good: attempts", shown["attempts"], 1)
    recordings = nginx.recordings("good")
    if checks.equal("good: recordings", len(recordings), 1):
        media.compare(checks, "good", recordings[0], media.remux(file, file.with_suffix(".flv")))

    execution = region.execution(broadcast)
    checks.equal("aws-cli: describe-execution", execution["status"], "SUCCEEDED")
    history = region.history(broadcast)
    checks.equal("aws-cli: get-execution-history", entered(history)[:4],
                 ["ValidateToken", "Persist", "Stream", "RecordOutcome"])
    checks.equal("aws-cli: the last event", history[-1]["type"], "ExecutionSucceeded")
    table, = region.aws("dynamodb", "list-tables")["TableNames"]
    items = region.aws("dynamodb", "scan", "--table-name", table)["Items"]
    checks.check("aws-cli: scan finds the broadcast", any(broadcast in str(item) for item in items), f"{len(items)} items")


def wrong_key(checks, region, nginx, file, broadcast):
    checks.equal("wrong key: the broadcast fails", region.settles(broadcast, 120), "failed")
    failure = region.show(broadcast)["outcome"]["failure"]
    checks.equal("wrong key: and says why", failure["kind"], "TokenRejected", failure["message"])
    first = region.execution(broadcast)
    checks.equal("wrong key: its execution is", first["status"], "FAILED")
    history = region.history(broadcast)
    checks.equal("wrong key: failed at", entered(history)[-1], "RecordFailure")
    begun, judged = validation(history)
    taken = moment(judged) - moment(begun)
    checks.check("wrong key: known within 10 s", taken < 10, f"{taken:.1f} s, {judged['type']}")
    checks.equal("wrong key: nothing is recorded", nginx.recordings("wrong-first"), [])

    region.run("key", "set", broadcast, "main", text="right\n")
    region.run("retry", broadcast)
    checks.equal("retry: airs", region.settles(broadcast, SECONDS + 90) if left_failed(region, broadcast) else "failed", "aired")
    again = region.execution(broadcast)
    checks.equal("retry: in the same execution", again["executionArn"], first["executionArn"])
    checks.equal("retry: redriven", (again.get("redriveCount"), again["status"]), (1, "SUCCEEDED"))
    nothing_lost(checks, "retry", file, nginx, "right", parts=1)


def left_failed(region, broadcast):
    return eventually(lambda: region.status(broadcast) != "failed", 30)


def validation(history):
    """The first event of ValidateToken and the one that tells how it went."""
    begun = next(event for event in history if event["type"] == "TaskStateEntered")
    judged = next(event for event in history if event["type"] in ("TaskFailed", "TaskSucceeded", "TaskTimedOut"))
    return begun, judged


def after_crash(checks, region, nginx, file, broadcast):
    checks.equal("streamer killed: aired all the same", region.settles(broadcast, SECONDS + 90), "aired")
    checks.equal("streamer killed: attempts", region.show(broadcast)["attempts"], 2)
    states = entered(region.history(broadcast))
    expected = ["ValidateToken", "Persist", "Stream", "RecordFailure", "Backoff", "TryAgain",
                "Persist", "Stream", "RecordOutcome"]
    checks.equal("streamer killed: states", states[: len(expected)], expected)
    # Checkpoints are written every 5 s, and the show goes on from the key frame before.
    nothing_lost(checks, "streamer killed", file, nginx, "crash", parts=2, repeated_seconds=5 + 2)


def killed_region(checks, region, nginx, file):
    on_air, air_time = region.schedule(file, nginx.url, "mid-show", 12)
    waits, _ = region.schedule(file, nginx.url, "wrong-waits", 60)
    # Comes due 10 s after the first went on air, when nobody is there to see it.
    later, _ = region.schedule(file, nginx.url, "later", 34, "--lead", "12s")
    checks.check("on air", eventually(lambda: nginx.recordings("mid-show"), 60) != [])
    waiting = eventually(lambda: entered(region.history(waits))[-1:] == ["Backoff"], 5)
    checks.check("one waits", waiting)
    checks.equal("one has not begun", region.execution(later), None)
    time.sleep(max(0.0, air_time.timestamp() + 5 - time.time()))
    streaming = region.streamers(on_air)
    region.kill()
    print("   killed `matinee up`", flush=True)
    before = size(nginx, "mid-show")
    time.sleep(max(0.0, air_time.timestamp() + 15 - time.time()))
    checks.check("killed: the show goes on meanwhile", size(nginx, "mid-show") > before)
    region.start()
    checks.equal("restarted: the streamer is the same", region.streamers(on_air), streaming)
    region.run("key", "set", waits, "main", text="waits\n")

    checks.equal("mid-show: aired", region.settles(on_air, SECONDS + 60), "aired")
    checks.equal("mid-show: attempts", region.show(on_air)["attempts"], 1)
    nothing_lost(checks, "mid-show", file, nginx, "mid-show", parts=1, repeated_seconds=0)
    checks.equal("come due meanwhile: aired", region.settles(later, SECONDS + 90), "aired")
    nothing_lost(checks, "come due meanwhile", file, nginx, "later", parts=1, repeated_seconds=0)
    checks.equal("waiting: aired", region.settles(waits, SECONDS + 120), "aired")
    nothing_lost(checks, "waiting", file, nginx, "waits", parts=1, repeated_seconds=0)
    for name, broadcast in (("mid-show", on_air), ("come due meanwhile", later), ("waiting", waits)):
        checks.equal(f"{name}: its execution is", region.execution(broadcast)["status"], "SUCCEEDED")


def on_the_backup(checks, region, nginx, proxy, directory):
    """The proxy is the first ingest; what is behind it is the backup."""
    file = media.encode(directory / "mute.mp4", 8, size="320x180", audio=["-an"])
    broadcast, _ = region.schedule(
        file, proxy.url, "stands-in", 12, "--head", "3s", "--tail", "4s", "--silence",
        "--backup", f"main={nginx.url}", "--backup-after", "1s",
    )
    asked = region.show(broadcast)
    checks.equal("asked for", [asked[name] for name in ("head_seconds", "tail_seconds", "silence")], [3, 4, True])
    checks.equal("its backup", asked["destinations"][0]["backup"], {"ingest": nginx.url, "after_seconds": 1})
    words = region.run("show", broadcast).stdout
    checks.check("and in words", "head 3 s, tail 4 s" in words and f"backup {nginx.url} after 1 s" in words)
    checks.check("on air at the first ingest", eventually(proxy.first_media_since(time.time()), 60))
    time.sleep(5)
    proxy.refuse()
    proxy.cut()
    checks.equal("aired", region.settles(broadcast, 60), "aired")
    shown = region.show(broadcast)
    checks.equal("in one attempt", shown["attempts"], 1)
    ended, = shown["outcome"]["destinations"]
    checks.check("on the backup", ended.get("on_backup") and ended["finished"], ended)
    checks.equal("the whole of it", round(shown["progress"]["duration"] / 1e6), 3 + 8 + 4)
    recordings = nginx.recordings("stands-in")
    checks.equal("recordings: at the first and at the backup", len(recordings), 2)
    lost = media.repeats_and_losses(file, recordings)["video"][1]
    checks.equal("pictures of the video lost", lost, 0)
    sound = [len(media.packets(recording)["audio"]) for recording in recordings]
    checks.check("there is sound in both", all(sound), sound)
    proxy.accept()


def size(nginx, key):
    return sum(path.stat().st_size for path in nginx.recordings(key))


def nothing_lost(checks, name, file, nginx, key, parts, repeated_seconds=0):
    recordings = nginx.recordings(key)
    checks.equal(f"{name}: recordings", len(recordings), parts)
    for kind, (repeated, lost) in media.repeats_and_losses(file, recordings).items():
        checks.equal(f"{name}: {kind} packets lost", lost, 0)
        rate = media.FRAME_RATE if kind == "video" else 48_000 / 1_024
        checks.check(f"{name}: {kind} repeated: at most {repeated_seconds} s", repeated <= repeated_seconds * rate + 2, repeated)


if __name__ == "__main__":
    main()
