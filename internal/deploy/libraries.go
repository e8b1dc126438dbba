package deploy

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wplake/internal/lake"
)

// Where the package has the C library for the silver job, and what starts a
// program with it. The folder is not lib, which Lambda's linker looks into.
const (
	librariesFolder = "glue"
	loaderName      = "ld-linux-x86-64.so.2"
)

// maxLibrary bounds a library, in bytes.
const maxLibrary = 32 << 20

// library is a shared library of this machine that goes into the package.
type library struct {
	name string
	path string
	deps []string // libraries that it needs
	// versions it has, and those it needs of each other library.
	has   []string
	needs map[string][]string
}

// jobLibraries lists what the program needs to be started where the C library
// is older than the one it was built for, as in Glue's image: the loader, the C
// library and what else it names, and what these need, sorted by name. A static
// program needs nothing. All are taken from the folder lib beside the program,
// where the loader lies there, else from this machine's own folders, never from
// both: loader and C library are of one make.
func jobLibraries(program string) ([]library, error) {
	binary, err := readLibrary(filepath.Base(program), program)
	if err != nil || len(binary.deps) == 0 {
		return nil, err
	}
	folders := systemFolders()
	if own := filepath.Join(filepath.Dir(program), "lib"); isFile(filepath.Join(own, loaderName)) {
		folders = []string{own}
	}
	found := map[string]library{}
	for wanted := append([]string{loaderName}, binary.deps...); len(wanted) > 0; wanted = wanted[1:] {
		name := wanted[0]
		if _, ok := found[name]; ok {
			continue
		}
		l, err := findLibrary(name, folders)
		if err != nil {
			return nil, err
		}
		found[name] = l
		wanted = append(wanted, l.deps...)
	}
	all := []library{}
	for _, l := range found {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b library) int { return strings.Compare(a.name, b.name) })
	return all, checkVersions(append([]library{binary}, all...), found)
}

// systemFolders are where distributions of Linux have libraries for x86_64.
func systemFolders() []string {
	return []string{"/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// findLibrary finds a library for x86_64 in the first of the folders that has it.
func findLibrary(name string, folders []string) (library, error) {
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if !isFile(path) {
			continue
		}
		if l, err := readLibrary(name, path); err == nil {
			return l, nil
		}
	}
	return library{}, noLibrary(fmt.Sprintf("%s is not in %s", name, strings.Join(folders, ", ")))
}

// noLibrary says that the job could not start the binary.
func noLibrary(why string) error {
	return &lake.Error{
		Code: lake.ConfigInvalid,
		Message: "silver.runtime is glue-pythonshell, and Glue's image has an older C library than the binary was built for. " +
			"The package takes the loader and the libraries with it, but " + why,
		Hint: "deploy from Linux on x86_64, or put " + loaderName + ", libc.so.6, libm.so.6 and what else `ldd` names, " +
			"from the machine that the binary was built on, into the folder lib beside the binary that --bootstrap names",
	}
}

// readLibrary reads what a program or library for x86_64 has and needs.
func readLibrary(name, path string) (l library, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return library{}, unreadable(path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64 {
		return library{}, noLibrary(path + " is for " + machineName(f.Machine))
	}
	l = library{name: name, path: path, needs: map[string][]string{}}
	if f.SectionByType(elf.SHT_DYNAMIC) == nil {
		return l, nil
	}
	if l.deps, err = f.ImportedLibraries(); err != nil {
		return library{}, unreadable(path, err)
	}
	if f.SectionByType(elf.SHT_GNU_VERDEF) != nil {
		versions, err := f.DynamicVersions()
		if err != nil {
			return library{}, unreadable(path, err)
		}
		for _, v := range versions {
			l.has = append(l.has, v.Name)
		}
	}
	if f.SectionByType(elf.SHT_GNU_VERNEED) != nil {
		needs, err := f.DynamicVersionNeeds()
		if err != nil {
			return library{}, unreadable(path, err)
		}
		for _, of := range needs {
			for _, need := range of.Needs {
				l.needs[of.Name] = append(l.needs[of.Name], need.Dep)
			}
		}
	}
	return l, nil
}

// checkVersions refuses libraries that are older than the binary wants.
func checkVersions(all []library, found map[string]library) error {
	for _, l := range all {
		for of, versions := range l.needs {
			for _, version := range versions {
				if from := found[of]; !slices.Contains(from.has, version) {
					return noLibrary(fmt.Sprintf("%s needs %s, which %s does not have", l.name, version, from.path))
				}
			}
		}
	}
	return nil
}

// read opens the library; it is bounded.
func (l library) read() (data []byte, err error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, unreadable(l.path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxLibrary+1))
	if err != nil {
		return nil, unreadable(l.path, err)
	}
	if len(data) > maxLibrary {
		return nil, noLibrary(fmt.Sprintf("%s is larger than %d MiB", l.path, maxLibrary>>20))
	}
	return data, nil
}
