"""What shell lines do: output, timing, exit codes, files, endless loops."""

import pickle

import pytest

from kubesim.kubelet.simruntime import arithmetic, sh, shell, timeline
from kubesim.kubelet.simruntime.machine import Surroundings

EPOCH = 1_750_000_000_000


def run(line, env=None, files=None, **around):
    found = Surroundings(env or {}, files or {}, "web-0", **around)
    return sh.interpret(shell.literal(["sh", "-c", line]), found)


def output(found, until=60_000, limit=100):
    events = timeline.last_events(found, until, limit)
    return "".join(timeline.dated(event.text, EPOCH + event.at_ms) for event in events if event.kind == "out")


@pytest.mark.parametrize(
    ("line", "end", "code", "text"),
    [
        ("sleep 5; exit 3", 5000, 3, ""),
        ("sleep 0.5", 500, 0, ""),
        ("sleep 1m", 60_000, 0, ""),
        ("exit 256", 0, 0, ""),
        ("true", 0, 0, ""),
        ("false", 0, 1, ""),
        ("echo hello world", 0, 0, "hello world\n"),
        ("echo -n a; echo b", 0, 0, "ab\n"),
        ("echo 'a  b' \"c  $X\" d\\ e", 0, 0, "a  b c  1 2 d e\n"),
        ("echo $X", 0, 0, "1 2\n"),
        ("echo ${NO:-default} ${X}", 0, 0, "default 1 2\n"),
        ("echo $(echo inner) `echo old`", 0, 0, "inner old\n"),
        ("echo $((2 + 3 * 4)) $(( (2+3)*4 ))", 0, 0, "14 20\n"),
        ("false && echo no || echo yes", 0, 0, "yes\n"),
        ("false; echo $?", 0, 0, "1\n"),
        ("! false; echo $?", 0, 0, "0\n"),
        ("if [ 1 -eq 1 ]; then echo a; elif true; then echo b; else echo c; fi", 0, 0, "a\n"),
        ("if [ -f /x ]; then echo a; elif false; then echo b; else echo c; fi", 0, 0, "c\n"),
        ("for i in 1 2 3; do echo $i; sleep 1; done", 3000, 0, "1\n2\n3\n"),
        ("for i in $(seq 1 3); do echo -n $i; done", 0, 0, "123"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); sleep 2; done; echo $i", 6000, 0, "3\n"),
        ("for i in 1 2 3; do if [ $i = 2 ]; then break; fi; echo $i; done", 0, 0, "1\n"),
        ("for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", 0, 0, "1\n3\n"),
        ("echo a > /tmp/x; echo b >> /tmp/x; cat /tmp/x", 0, 0, "a\nb\n"),
        ("case a-1 in b*) echo no;; *-1 | c) echo yes;; *) echo other;; esac", 0, 0, "yes\n"),
        ("case x in (a) echo a;; esac; echo $?", 0, 0, "0\n"),
        ("case x in a) echo a;; *) echo rest\nesac", 0, 0, "rest\n"),
        ("case x in a", 0, 2, "sh: syntax error: unexpected end of file\n"),
        ("cat /none", 0, 1, "cat: can't open '/none': No such file or directory\n"),
        ("printf '%s-%d\\n' a 5", 0, 0, "a-5\n"),
        ("echo one; echo two >&2; echo three 2>&1", 0, 0, "one\ntwo\nthree\n"),
        ("echo quiet > /dev/null", 0, 0, ""),
        ("echo 'a\nb\nc' | grep b | wc -l", 0, 0, "1\n"),
        ("echo x | tee /tmp/y; cat /tmp/y", 0, 0, "x\nx\n"),
        ("set -e; false; echo never", 0, 1, ""),
        ("set -e; false || true; echo here", 0, 0, "here\n"),
        ("nosuch", 0, 127, "sh: nosuch: not found\n"),
        ("(A=2; echo sub; exit 4); echo after $? $A", 0, 0, "sub\nafter 4\n"),
        ("{ echo a; echo b; } ; # comment", 0, 0, "a\nb\n"),
        ("sleep 5 & echo now", 0, 0, "now\n"),
        ("hostname; echo $HOSTNAME", 0, 0, "web-0\nweb-0\n"),
        ("A=1 B=2; export C=3; echo $A$B$C", 0, 0, "123\n"),
        ("echo \\\n joined", 0, 0, "joined\n"),
        ("touch /a/b; ls /a; rm /a/b; ls /a; rm -r /a; ls /a", 0, 1, "b\nls: /a: No such file or directory\n"),
        ("echo 'open", 0, 2, "sh: syntax error: unterminated quoted string '\n"),
        ("if true; then echo a", 0, 2, "sh: syntax error: unexpected end of file\n"),
        ("sh -c 'echo nested; exit 5'", 0, 5, "nested\n"),
    ],
)
def test_lines(line, end, code, text):
    found = run(line, {"X": "1 2"})
    assert (found.end_ms, found.code, output(found)) == (end, code, text)


@pytest.mark.parametrize(
    "line",
    ["tail -f /dev/null", "sleep infinity", "while true; do sleep 1; done", "while :; do echo x; sleep 5; done", "top"],
)
def test_endless(line):
    assert run(line).end_ms is None


def test_counter_of_the_documentation():
    found = run('i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done')
    assert found.loop is not None
    lines = output(found, 3_600_000, 2).splitlines()
    assert lines[-1] == "3600: Sun Jun 15 16:06:40 UTC 2025"


def test_endless_loop_is_cheap_and_exact():
    found = run("while true; do echo tick; sleep 2; echo tock; sleep 3; done")
    events = timeline.last_events(found, 1_000_000_007, 1)
    assert (events[-1].at_ms, events[-1].text) == (1_000_000_000, "tick\n")


def test_loop_with_an_exit_runs_out():
    found = run("i=0; while true; do i=$((i+1)); if [ $i -ge 30 ]; then exit 9; fi; sleep 1; done")
    assert (found.end_ms, found.code) == (29_000, 9)


def test_files_over_time():
    found = run("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600")
    assert "/tmp/healthy" in timeline.files_at(found, 29_999, {})
    assert "/tmp/healthy" not in timeline.files_at(found, 30_000, {})


def test_mounted_files():
    assert output(run("cat /etc/c/a; ls /etc/c", files={"/etc/c/a": "x\n", "/etc/c/b": ""})) == "x\na\nb\n"


def test_server_of_the_image():
    found = run("sleep 2; exec nginx -g 'daemon off;'", serves=True)
    assert (found.serves_ms, found.end_ms) == (2000, None)


def test_job_of_an_unknown_image():
    found = run("./migrate --all && echo done", one_shot_ms=3000)
    assert (found.end_ms, found.code, output(found)) == (3000, 0, "done\n")


def test_trap():
    found = run("trap 'echo bye; sleep 2; exit 7' TERM INT; while true; do sleep 1; done")
    assert found.trap is not None
    assert (found.trap_ms, found.trap_code, found.trap[0].text) == (2000, 7, "bye\n")


def test_waiting_for_a_host():
    found = run("until nc -z db 5432; do sleep 2; done")
    assert (found.waits_for, found.end_ms, found.asked) == (("db:5432",), None, True)


def test_endless_loop_without_sleep_ends_the_interpreter():
    assert run("while true; do echo x; done").end_ms is None
    assert run("i=0; while [ $i -lt 999999 ]; do i=$((i+1)); done").end_ms is None


def test_timelines_can_be_pickled():
    found = run("i=0; while true; do echo $i; i=$((i+1)); sleep 1; done")
    copy = pickle.loads(pickle.dumps(found))
    assert output(copy) == output(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2", 3),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("3 > 2 && 1", 1),
        ("x * 2", 10),
        ("$x + 1", 6),
        ("!0", 1),
        ("", 0),
    ],
)
def test_arithmetic(text, value):
    assert arithmetic.evaluate(text, {"x": "5"}) == value


def test_arithmetic_assigns():
    variables = {"i": "1"}
    assert arithmetic.evaluate("i++", variables) == 1
    assert arithmetic.evaluate("j = i + 5", variables) == 7
    assert variables == {"i": "2", "j": "7"}


def test_division_by_zero():
    found = run("echo $((1/0)); echo after")
    assert (found.code, output(found)) == (2, "sh: divide by zero\n")


ODD = (
    "head -n x", "tail -c", "wget http://[x", "sleep nan", "sleep 1e999", "sleep -1", "exit abc", "echo $((99**9))",
    "i=2; while true; do i=$((i*i)); sleep 1; done", "A=x; while true; do A=$A$A; sleep 1; done",
    "while true; do cat f f > g; cat g >> f; sleep 1; done", "(" * 3000, "echo " + "$(" * 2000,
    "seq 1 99999999 | tail -n 1", "echo $((1+))", "date +%", "date +%Q%Ö", "[ ]", "[", "test", "kill", "trap",
    "printf %", "nc", "dig", "exit 99999999999999999999", "i=" + "9" * 5000 + "; echo $((i+1))", "for", "if", "while",
    "| |", "&&", "sh -c", "sh -e", "env -i", "cat <", "> ",
)  # fmt: skip


@pytest.mark.parametrize("line", ODD, ids=range(len(ODD)))
def test_odd_lines_do_no_harm(line):
    found = run(line)
    timeline.last_events(found, 50_000, 3)
    assert len(output(found, 50_000, 3)) < 1_000_000
