"""A terminal in front of a simulated shell: echo, editing of the line, and one command after the other."""

from collections.abc import Callable

PROMPT = "/ # "
ENTER, BACKSPACE, DELETE = "\r", "\x7f", "\b"
INTERRUPT, END, ESCAPE = "\x03", "\x04", "\x1b"


class Terminal:
    """Turns key presses into lines. ``run`` gives the exit code and the output of a line."""

    def __init__(self, run: Callable[[str], tuple[int, str]], prompt: str = PROMPT) -> None:
        self.closed = False
        self.code = 0
        self._run = run
        self._prompt = prompt
        self._line = ""
        self._escape = False
        self._folder = ""
        self._exports = ""

    def start(self) -> str:
        """What the screen shows first."""
        return self._prompt

    def feed(self, keys: str) -> str:
        """What the screen shows after these keys."""
        return "".join(self._key(key) for key in keys if not self.closed)

    def _key(self, key: str) -> str:
        if self._escape:
            # The end of an escape sequence is a letter or a tilde.
            self._escape = not (key.isalpha() or key == "~")
            return ""
        if key == ESCAPE:
            self._escape = True
            return ""
        if key in {ENTER, "\n"}:
            return self._enter()
        if key in {BACKSPACE, DELETE}:
            if not self._line:
                return ""
            self._line = self._line[:-1]
            return "\b \b"
        if key == INTERRUPT:
            self._line = ""
            return f"^C\r\n{self._prompt}"
        if key == END:
            self.closed = not self._line
            return "\r\n" if self.closed else ""
        if key < " ":
            return ""
        self._line += key
        return key

    def _enter(self) -> str:
        line, self._line = self._line.strip(), ""
        words = line.split()
        if words[:1] in (["exit"], ["logout"]):
            self.closed = True
            if len(words) > 1 and words[1].isdigit():
                self.code = int(words[1]) & 0xFF
            return "\r\n"
        if not line:
            return f"\r\n{self._prompt}"
        output = self._carried_out(line, words[0])
        shown = screen(output)
        if shown and not shown.endswith("\r\n"):
            shown += "\r\n"
        return f"\r\n{shown}{self._prompt}"

    def _carried_out(self, line: str, first: str) -> str:
        """Run a line in a shell that remembers where it is and what was exported."""
        before = self._exports + (f"cd {self._folder}; " if self._folder else "")
        if first == "cd":
            self.code, output = self._run(f"{before}{line} && pwd")
            if not self.code:
                self._folder, output = output.strip(), ""
                self._prompt = f"{self._folder} # "
            return output
        self.code, output = self._run(f"{before}{line}")
        name, mark, _ = first.partition("=")
        if first == "export" or (mark and name.isidentifier() and first == line):
            self._exports += f"{line}; "
        return output


def screen(output: str) -> str:
    """Output as a terminal shows it: a new line begins at the left."""
    return output.replace("\r\n", "\n").replace("\n", "\r\n")
