//go:build unix

package command

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// group makes the program the leader of a process group of its own, all of
// which is killed with it. A Ctrl-C at the terminal reaches wplake alone, which
// ends the program when it ends the task.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
