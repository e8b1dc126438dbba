package s3_test

import (
	"context"
	"testing"

	"wplake/internal/store"
	"wplake/internal/store/s3"
	"wplake/internal/store/storetest"
)

func TestBucket(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bucket { return newFake(t).open(s3.Options{}) })
}

func TestMetadata(t *testing.T) {
	storetest.RunMetadata(t, func(t *testing.T) store.Bucket { return newFake(t).open(s3.Options{}) })
}

// unlimited lets every call be tried again.
type unlimited struct{}

func (unlimited) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (unlimited) AddTokens(uint) error { return nil }
