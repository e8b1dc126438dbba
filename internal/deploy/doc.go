// Package deploy puts a lake on AWS: it packs the binary and the definition,
// brings a CloudFormation stack to what the definition says, tells what that
// changes before it does so, and takes the stack away again without the data.
//
// What a deployment consists of is said by its sub-packages without asking
// anybody: iam (roles), template (the stack) and cost. This package talks to
// AWS, through interfaces that hold no more calls than it makes, with a clock
// that is handed in.
package deploy
