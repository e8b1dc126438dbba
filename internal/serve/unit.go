package serve

import (
	"fmt"
	"strings"
	"time"
)

// Unit says what a systemd unit runs.
type Unit struct {
	// Binary, Config and Root are absolute paths: of wplake, the lake's
	// definition and the lake's folder.
	Binary, Config, Root string
	User                 string // "" for a user unit
	Grace                time.Duration
}

// String is the unit's text. The lake's folder is all that the process may
// write to.
func (u Unit) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Save as /etc/systemd/system/wplake.service, then:")
	line("#   systemctl daemon-reload && systemctl enable --now wplake")
	line("[Unit]")
	line("Description=wplake: workflows and schedules of the lake in %s", escape(u.Root))
	line("Documentation=man:systemd.exec(5)")
	line("After=network-online.target")
	line("Wants=network-online.target")
	line("")
	line("[Service]")
	line("Type=notify")
	line("ExecStart=%s --config %s --root %s serve --grace %s", quote(u.Binary), quote(u.Config), quote(u.Root), u.Grace)
	if u.User != "" {
		line("User=%s", escape(u.User))
	}
	line("Restart=on-failure")
	line("RestartSec=5")
	line("# A definition that is wrong is not mended by trying again.")
	line("RestartPreventExitStatus=2")
	line("WatchdogSec=60")
	line("TimeoutStopSec=%d", int((u.Grace + 30*time.Second).Seconds()))
	line("KillMode=mixed")
	line("UMask=0077")
	line("")
	line("# It may write to the lake alone.")
	if state, ok := strings.CutPrefix(u.Root, "/var/lib/"); ok {
		line("StateDirectory=%s", quote(state))
	} else {
		line("ReadWritePaths=%s", quote(u.Root))
	}
	line("ProtectSystem=strict")
	line("ProtectHome=read-only")
	for _, name := range []string{
		"NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectClock", "ProtectControlGroups", "ProtectHostname",
		"ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "RestrictNamespaces", "RestrictRealtime",
		"RestrictSUIDSGID", "LockPersonality", "RemoveIPC",
	} {
		line("%s=yes", name)
	}
	line("ProtectProc=invisible")
	line("CapabilityBoundingSet=")
	line("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX")
	line("SystemCallArchitectures=native")
	line("SystemCallFilter=@system-service")
	line("SystemCallErrorNumber=EPERM")
	line("")
	line("[Install]")
	line("WantedBy=multi-user.target")
	return b.String()
}

// escape takes away the meaning that % has in a unit.
func escape(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// quote writes a word of a command line or a list of paths.
func quote(word string) string {
	r := strings.NewReplacer("%", "%%", "$", "$$", `\`, `\\`, `"`, `\"`, "\n", `\n`)
	quoted := r.Replace(word)
	if quoted != word || word == "" || strings.ContainsAny(word, " \t'") {
		return `"` + quoted + `"`
	}
	return word
}
