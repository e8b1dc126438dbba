package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with a program on it.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd

	mu     sync.Mutex
	output strings.Builder
	seen   int           // how far expect has looked
	news   chan struct{} // more was printed
}

// openTerminal starts a program on a new terminal.
func openTerminal(t *testing.T, name string, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminal: %v", err)
	}
	defer slave.Close()
	x := &terminal{t: t, master: master, news: make(chan struct{}, 1)}
	x.cmd = exec.CommandContext(t.Context(), name, args...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = slave, slave, slave
	x.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=1", "HOME="+t.TempDir())
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go x.read()
	return x
}

// read collects what is printed, and answers the one question that a line
// editor asks a terminal: where the cursor is.
func (x *terminal) read() {
	const question = "\x1b[6n"
	buffer := make([]byte, 4096)
	rest := "" // what may be the beginning of a question
	for {
		n, err := x.master.Read(buffer)
		text := rest + string(buffer[:n])
		for range strings.Count(text, question) {
			_, _ = x.master.WriteString("\x1b[1;1R")
		}
		rest = text[max(0, len(text)-len(question)+1):]
		x.mu.Lock()
		x.output.Write(buffer[:n])
		x.mu.Unlock()
		select {
		case x.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// expect waits until something is printed that was not there at the last
// expect; every half second it does again, which may be nil.
func (x *terminal) expect(want string, again func()) {
	x.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		x.mu.Lock()
		all := x.output.String()
		i := strings.Index(all[x.seen:], want)
		if i >= 0 {
			x.seen += i + len(want)
		}
		x.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-x.news:
		case <-tick.C:
			if again != nil {
				again()
			}
		case <-deadline:
			x.t.Fatalf("%q was not printed; there is\n%q", want, all)
		}
	}
}

// prompted waits until the line editor has drawn its prompt and takes input.
func (x *terminal) prompted() {
	x.t.Helper()
	x.expect("wplake> ", nil)
	x.expect("\x1b[?25h", nil) // the cursor is shown again
}

func (x *terminal) typed(keys string) {
	x.t.Helper()
	if _, err := x.master.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// TestShellOnTerminal types into the shell: a statement over two lines,
// completion, Ctrl-C on a query that does not end, an error, history, the end.
func TestShellOnTerminal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{{"init", dir}, {"run", "--config", filepath.Join(dir, "wplake.yaml")}} {
		if out, err := exec.CommandContext(t.Context(), "wplake", append(args, "--quiet")...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	x := openTerminal(t, "wplake", "shell", "--config", filepath.Join(dir, "wplake.yaml"))
	x.prompted()
	x.typed("SELECT 40 +\r")
	x.typed("2 AS answer;\r")
	x.expect("42", nil)
	x.expect("(1 row)", nil)

	x.prompted()
	x.typed("SELECT count(*) > 9 AS many FROM silver.stat\t;\r")
	x.expect("silver.statistics_pages", nil)
	x.expect("true", nil)

	x.prompted()
	x.typed("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range + b.range) % 7 = 3;\r")
	x.expect("= 3;", nil)
	// Until the query runs, Ctrl-C only drops the line that is typed.
	x.expect("the query was cancelled", func() { x.typed("\x03") })

	x.prompted()
	x.typed("SELECT nosuch;\r")
	x.expect("nosuch", nil)
	x.expect("not found", nil)
	x.prompted()
	x.typed("\x1b[A\x1b[A") // up, up: what was typed before the error
	x.expect("range(10000000)", nil)
	x.typed("\x03")
	x.prompted()
	x.typed("SELECT 'still ' || 'here' AS s;\r")
	x.expect("still here", nil)
	x.prompted()
	x.typed("\x04")
	if err := x.cmd.Wait(); err != nil {
		t.Errorf("the shell ended with %v", err)
	}
	path := filepath.Join(dir, "lake", ".wplake", "shell_history")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the history's mode is %v", info.Mode())
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), `"SELECT 40 +\n2 AS answer;"`) {
		t.Errorf("the history: %s, %v", data, err)
	}
}

// TestShellTerminated holds that SIGTERM ends a shell that waits for input.
func TestShellTerminated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "wplake", "init", dir, "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	x := openTerminal(t, "wplake", "shell", "--config", filepath.Join(dir, "wplake.yaml"))
	x.prompted()
	if err := x.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := x.cmd.Wait()
	if x.cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("the shell ended with %v, want exit status 3", err)
	}
}
