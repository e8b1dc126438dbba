// Package faults holds black-box suites that ill-treat a lake: runs are killed
// at any instruction, the disk fills up, Ctrl-C is pressed, two runs meet.
// They start the built binary and look at what it leaves on the disk.
//
// The suites take minutes, so they stand behind the build tag faults:
//
//	make test-kill
package faults
