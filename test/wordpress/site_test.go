//go:build wordpress

package wordpress_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// site is a real WordPress of its own: MariaDB on a private socket and PHP's
// built-in server on a loopback port, in a temporary folder. All of it ends
// with the test.
type site struct {
	URL      string // e.g. http://127.0.0.1:40123
	User     string // who may see everything,
	Password string // by an application password
	Root     string // WordPress's folder
	socket   string // MariaDB's
}

// startSite installs, fills and serves a site.
func startSite(t *testing.T) *site {
	t.Helper()
	requirePrograms(t)
	dir, err := os.MkdirTemp("", "wp") //nolint:usetesting // its name would make the path of the socket too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s := &site{User: "admin", Root: filepath.Join(dir, "www"), socket: filepath.Join(dir, "db.sock")}
	s.URL = "http://" + freeAddress(t)
	s.startDatabase(t, dir)
	s.installWordPress(t)
	s.serve(t)
	return s
}

func requirePrograms(t *testing.T) {
	t.Helper()
	for _, name := range []string{"php", "mariadbd", "mariadb", "mariadb-install-db"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing: run test/wordpress/setup.sh as root", name)
		}
	}
	if _, err := os.Stat("/usr/share/wordpress/wp-load.php"); err != nil {
		t.Fatal("WordPress is missing: run test/wordpress/setup.sh as root")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run runs a program to its end and returns what it printed.
func (s *site) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = s.environment()
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			stderr = string(exit.Stderr)
		}
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr)
	}
	return string(out)
}

// start starts a program that runs until the test ends. A shell watches over
// it, which reads from a pipe that the test holds open: when the test closes
// it, or dies however it may, the shell ends the program with all its children.
func (s *site) start(t *testing.T, name string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(filepath.Dir(s.socket), filepath.Base(name)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	const watch = `"$@" & read -r _; kill -TERM $!; wait; kill -KILL 0`
	// Not the test's context: it is cancelled before the clean-up runs.
	cmd := exec.CommandContext(context.Background(), "sh", append([]string{"-c", watch, "sh", name}, args...)...)
	cmd.Env = append(s.environment(), "PHP_CLI_SERVER_WORKERS=4")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the shell kills itself last
		close(ended)
	}()
	t.Cleanup(func() {
		if err := hold.Close(); err != nil {
			t.Error(err)
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Errorf("%s did not end", name)
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may just have ended
		}
		if t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				t.Logf("%s:\n%s", name, text[max(0, len(text)-4000):])
			}
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (s *site) environment() []string {
	return append(os.Environ(), "WPLAKE_SOCKET="+s.socket, "WPLAKE_URL="+s.URL)
}

// await waits until a server answers.
func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *site) startDatabase(t *testing.T, dir string) {
	t.Helper()
	data := filepath.Join(dir, "db")
	s.run(t, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--user="+userName())
	s.start(t, "mariadbd", "--no-defaults", "--datadir="+data, "--socket="+s.socket, "--skip-networking",
		"--pid-file="+filepath.Join(dir, "db.pid"), "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0",
		"--character-set-server=utf8mb4", "--user="+userName())
	await(t, "MariaDB", func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "unix", s.socket)
		if err == nil {
			err = c.Close()
		}
		return err == nil
	})
	s.query(t, "", "CREATE DATABASE wordpress CHARACTER SET utf8mb4")
}

func userName() string {
	if os.Getuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

// query runs SQL and returns the rows, with tabs between the columns.
func (s *site) query(t *testing.T, database, sql string) []string {
	t.Helper()
	out := s.run(t, "mariadb", "--no-defaults", "--user=root", "--socket="+s.socket, "--default-character-set=utf8mb4",
		"--batch", "--skip-column-names", "--execute="+sql, database)
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

func (s *site) installWordPress(t *testing.T) {
	t.Helper()
	// Debian's package is held together by links.
	s.run(t, "cp", "-rL", "/usr/share/wordpress", s.Root)
	plugins := filepath.Join(s.Root, "wp-content", "mu-plugins")
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"wp-config.php": s.Root, "endpoints.php": plugins} {
		text, err := os.ReadFile(filepath.Join("php", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, from), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, "php", "php/install.php", s.Root)
	s.Password = strings.TrimSpace(s.run(t, "php", "php/install.php", s.Root, "fill"))
}

func (s *site) serve(t *testing.T) {
	t.Helper()
	router, err := filepath.Abs("php/router.php")
	if err != nil {
		t.Fatal(err)
	}
	s.start(t, "php", "-S", strings.TrimPrefix(s.URL, "http://"), "-t", s.Root, router)
	await(t, "WordPress", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/wp-json/", nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

// endpoints lists the URLs of objects' endpoints, as the parameter holds them.
func (s *site) endpoints(objects ...string) string {
	var list []string
	for _, o := range objects {
		list = append(list, fmt.Sprintf("%s/wp-json/mo/v1/%s_endpoint/", s.URL, o))
	}
	return strings.Join(list, ", ")
}

// count counts a table's rows in the database.
func (s *site) count(t *testing.T, table string) int {
	t.Helper()
	n, err := strconv.Atoi(s.query(t, "wordpress", "SELECT COUNT(*) FROM wp_"+table)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
