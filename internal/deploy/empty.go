package deploy

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// empty removes all versions of all objects below a prefix, and uploads that
// were broken off. It returns how many versions went. A page that cannot be
// removed ends it: what remains is said.
func (d *Deployer) empty(ctx context.Context, a Account, bucket, prefix string) (n int64, err error) {
	in := &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &prefix, ExpectedBucketOwner: &a.ID}
	for {
		// Always from the beginning: what was listed before is gone.
		page, err := d.clients.Buckets.ListObjectVersions(ctx, in)
		if err != nil {
			return n, awsapi.Failure(err, "list what is in the bucket "+bucket, "s3:ListBucketVersions", lake.DeployFailed)
		}
		var versions []types.ObjectIdentifier
		for _, v := range page.Versions {
			versions = append(versions, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			versions = append(versions, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(versions) == 0 {
			return n, d.abortUploads(ctx, a, bucket, prefix)
		}
		for len(versions) > 0 {
			batch := versions[:min(maxDelete, len(versions))]
			versions = versions[len(batch):]
			gone, err := d.deleteVersions(ctx, a, bucket, batch)
			n += gone
			if err != nil {
				return n, err
			}
		}
		d.say(fmt.Sprintf("empties the bucket %s: %d versions of objects so far", bucket, n))
	}
}

// maxDelete is how many versions S3 removes in one call.
const maxDelete = 1000

// deletes is how often versions are tried that S3 did not remove.
const deletes = 4

// deleteVersions removes versions. The answer tells of each that stayed, though
// the call as a whole succeeded; those are tried again.
func (d *Deployer) deleteVersions(ctx context.Context, a Account, bucket string, batch []types.ObjectIdentifier) (gone int64, err error) {
	for try := 1; ; try++ {
		out, err := d.clients.Buckets.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &bucket, ExpectedBucketOwner: &a.ID, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return gone, awsapi.Failure(err, "remove objects of the bucket "+bucket, "s3:DeleteObjectVersion", lake.DeployFailed)
		}
		gone += int64(len(batch) - len(out.Errors))
		if len(out.Errors) == 0 {
			return gone, nil
		}
		first := out.Errors[0]
		if code := aws.ToString(first.Code); code == "AccessDenied" || try == deletes {
			e := &lake.Error{
				Code: lake.DeployFailed,
				Message: fmt.Sprintf("%d versions of objects of the bucket %s stayed; of %s: %s (%s)",
					len(out.Errors), bucket, aws.ToString(first.Key), aws.ToString(first.Message), code),
				Hint: "run it again; what is gone is gone",
			}
			if code == "AccessDenied" {
				e.Code, e.Hint = lake.AccessDenied, "allow s3:DeleteObject and s3:DeleteObjectVersion, and look for a lock on the object; then run it again"
			}
			return gone, e
		}
		batch = batch[:0:0]
		for _, left := range out.Errors {
			batch = append(batch, types.ObjectIdentifier{Key: left.Key, VersionId: left.VersionId})
		}
		if err := d.o.Wait(ctx, d.o.Every); err != nil {
			return gone, &lake.Error{Code: lake.Interrupted, Message: "interrupted while the bucket " + bucket + " was emptied", Hint: "run it again; what is gone is gone", Err: err}
		}
	}
}

// abortUploads removes the parts of uploads that were broken off.
func (d *Deployer) abortUploads(ctx context.Context, a Account, bucket, prefix string) error {
	for {
		page, err := d.clients.Buckets.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &prefix, ExpectedBucketOwner: &a.ID})
		if err != nil {
			return awsapi.Failure(err, "list uploads in the bucket "+bucket, "s3:ListBucketMultipartUploads", lake.DeployFailed)
		}
		if len(page.Uploads) == 0 {
			return nil
		}
		for _, u := range page.Uploads {
			_, err := d.clients.Buckets.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: u.Key, UploadId: u.UploadId, ExpectedBucketOwner: &a.ID})
			if err != nil && awsapi.Code(err) != "NoSuchUpload" {
				return awsapi.Failure(err, "abort an upload in the bucket "+bucket, "s3:AbortMultipartUpload", lake.DeployFailed)
			}
		}
	}
}
