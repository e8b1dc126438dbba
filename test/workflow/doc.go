// Package workflow holds what is done to whole engines of executions: processes
// are killed at any moment and started again (behind the build tag faults, by
// `make test-kill`), and their speed is measured (`make bench-workflow`).
package workflow
