// Package aws tests the lake as it is deployed, against emulators of AWS on
// loopback: MiniStack runs the stack, the state machine, the schedule and the
// built wplake as the functions' bootstrap; another MiniStack enforces IAM's
// policies; SeaweedFS is the strict S3. The suite stands behind the build tag
// aws, and is run by
//
//	make test-aws
//
// which installs and starts the emulators and names them in the environment
// (scripts/aws_emulators.py). docs/aws-testing.md says what is tested against
// what, and what only AWS can show.
package aws
