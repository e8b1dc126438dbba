package deploy

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// The newest versions of the C and C++ libraries that Lambda's runtime
// provided.al2023 has: Amazon Linux 2023 has glibc 2.34 and GCC 11's libstdc++.
const (
	newestGLIBC   = "2.34"
	newestGLIBCXX = "3.4.29"
	newestCXXABI  = "1.3.13"
)

// mainPackage is the path of wplake's main package, which Go writes into every
// binary.
const mainPackage = "wplake/cmd/wplake"

// howToBuild is the remedy of a binary that does not fit.
const howToBuild = "name a binary that does with --bootstrap FILE: `make build` on Linux of that architecture makes one"

// checkBootstrap refuses a program that Lambda could not start: one that is not
// wplake, not for Linux, of the other architecture, or that needs libraries or
// versions of them that Lambda's runtime lacks. name is what errors call it.
func checkBootstrap(r io.ReaderAt, name string, arch config.Architecture) error {
	refuse := func(format string, args ...any) error {
		return &lake.Error{Code: lake.ConfigInvalid, Message: name + " cannot run as a Lambda function: " + fmt.Sprintf(format, args...), Hint: howToBuild}
	}
	f, err := elf.NewFile(r)
	if err != nil {
		return refuse("it is not a program for Linux")
	}
	machines := map[config.Architecture]elf.Machine{config.ArchitectureX86: elf.EM_X86_64, config.ArchitectureARM: elf.EM_AARCH64}
	if f.Machine != machines[arch] || f.Class != elf.ELFCLASS64 {
		return refuse("it is for %s, and aws.functions.architecture is %s", machineName(f.Machine), arch)
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return refuse("it is a part of a program (%s)", f.Type)
	}
	info, err := buildinfo.Read(r)
	if err != nil || info.Path != mainPackage {
		return refuse("it is not wplake")
	}
	libraries, err := f.ImportedLibraries()
	if err != nil {
		return refuse("its list of libraries is damaged")
	}
	for _, library := range libraries {
		if !slices.Contains(runtimeLibraries(), library) && !strings.HasPrefix(library, "ld-linux-") {
			return refuse("it needs the library %s, which the runtime does not have", library)
		}
	}
	if len(libraries) == 0 {
		return nil
	}
	needs, err := f.DynamicVersionNeeds()
	if err != nil {
		return refuse("its list of libraries is damaged")
	}
	for _, library := range needs {
		for _, need := range library.Needs {
			if newest, ok := tooNew(need.Dep); ok {
				return refuse("it needs %s of %s; the runtime provided.al2023 has %s", need.Dep, library.Name, newest)
			}
		}
	}
	return nil
}

// runtimeLibraries are the libraries that provided.al2023 has and a binary of
// Go and C++ may want.
func runtimeLibraries() []string {
	return []string{
		"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libresolv.so.2",
		"libgcc_s.so.1", "libstdc++.so.6", "linux-vdso.so.1",
	}
}

// tooNew reports whether a library's version is newer than the runtime's, and
// what the runtime has.
func tooNew(version string) (newest string, yes bool) {
	for prefix, newest := range map[string]string{"GLIBC_": newestGLIBC, "GLIBCXX_": newestGLIBCXX, "CXXABI_": newestCXXABI} {
		if number, ok := strings.CutPrefix(version, prefix); ok {
			return prefix + newest, newer(number, newest)
		}
	}
	return "", false
}

// newer compares versions such as 2.34 by their numbers. What is not a number,
// such as GLIBC_PRIVATE or CXXABI_FLOAT128, has no order.
func newer(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i, part := range as {
		n, err := strconv.Atoi(part)
		if err != nil {
			return false
		}
		m := 0
		if i < len(bs) {
			m, _ = strconv.Atoi(bs[i]) // a constant above
		}
		if n != m {
			return n > m
		}
	}
	return false
}

func machineName(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "x86_64"
	case elf.EM_AARCH64:
		return "arm64"
	}
	return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
}
