package template

import (
	"maps"
	"slices"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/lake"
)

// retain keeps what holds data when the stack goes.
func retain() []yaml.MapItem {
	return []yaml.MapItem{{Key: "DeletionPolicy", Value: "Retain"}, {Key: "UpdateReplacePolicy", Value: "Retain"}}
}

// gone is for what holds nothing that cannot be made again.
func gone() []yaml.MapItem {
	return []yaml.MapItem{{Key: "DeletionPolicy", Value: "Delete"}, {Key: "UpdateReplacePolicy", Value: "Delete"}}
}

func layers() []lake.Layer { return []lake.Layer{lake.Raw, lake.Bronze, lake.Silver} }

// tagMap are the tags of everything.
func (b *builder) tagMap() map[string]string {
	tags := map[string]string{"wplake:stack": b.c.AWS.Stack, "wplake:site": b.c.Site}
	maps.Copy(tags, b.c.AWS.Tags)
	return tags
}

// tags are the tags as most resources take them.
func (b *builder) tags() []any {
	all := b.tagMap()
	var l []any
	for _, k := range slices.Sorted(maps.Keys(all)) {
		l = append(l, object("Key", k, "Value", all[k]))
	}
	return l
}

// mappedTags are the tags as a few resources take them.
func (b *builder) mappedTags() yaml.MapSlice {
	all, o := b.tagMap(), yaml.MapSlice{}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		o = append(o, yaml.MapItem{Key: k, Value: all[k]})
	}
	return o
}

func (b *builder) buckets() {
	if b.c.AWS.Existing.Buckets {
		return
	}
	b.section = "Buckets: one a layer. They stay, with their objects, when the stack goes"
	for _, l := range layers() {
		b.bucket(l)
	}
}

func (b *builder) bucket(l lake.Layer) {
	id := title(string(l)) + "Bucket"
	encryption := object("ServerSideEncryptionByDefault", object("SSEAlgorithm", "AES256"))
	if key := b.c.AWS.KMSKey; key != "" {
		encryption = object(
			"ServerSideEncryptionByDefault", object("SSEAlgorithm", "aws:kms", "KMSMasterKeyID", key),
			"BucketKeyEnabled", true)
	}
	b.add(id, "AWS::S3::Bucket",
		"Private, encrypted, versioned; a replaced version goes after so many days, an upload that was broken off after one",
		object(
			"BucketName", b.c.Buckets.Name(l),
			"PublicAccessBlockConfiguration", object(
				"BlockPublicAcls", true, "BlockPublicPolicy", true, "IgnorePublicAcls", true, "RestrictPublicBuckets", true),
			"OwnershipControls", object("Rules", list(object("ObjectOwnership", "BucketOwnerEnforced"))),
			"BucketEncryption", object("ServerSideEncryptionConfiguration", list(encryption)),
			"VersioningConfiguration", object("Status", "Enabled"),
			"LifecycleConfiguration", object("Rules", list(object(
				"Id", "replaced-versions", "Status", "Enabled",
				"NoncurrentVersionExpiration", object("NoncurrentDays", b.c.AWS.VersionExpiry),
				"ExpiredObjectDeleteMarker", true,
				"AbortIncompleteMultipartUpload", object("DaysAfterInitiation", 1)))),
			"Tags", b.tags(),
		), retain()...)
	b.add(id+"Policy", "AWS::S3::BucketPolicy", "Nobody reaches the bucket without TLS",
		object("Bucket", ref(id), "PolicyDocument", object("Version", "2012-10-17", "Statement", b.bucketPolicy(id))), retain()...)
}

// bucketPolicy refuses what nobody may do.
func (b *builder) bucketPolicy(id string) []any {
	all := list(attribute(id, "Arn"), substituted("${"+id+".Arn}/*"))
	statements := list(object(
		"Sid", "TransportByTLSAlone", "Effect", "Deny", "Principal", "*", "Action", "s3:*", "Resource", all,
		"Condition", object("Bool", object("aws:SecureTransport", "false"))))
	if key := b.c.AWS.KMSKey; key != "" {
		const header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
		// A write that names no key gets the bucket's; the condition StringNotEquals
		// alone would refuse it.
		statements = append(statements, object(
			"Sid", "NoOtherKey", "Effect", "Deny", "Principal", "*", "Action", "s3:PutObject", "Resource", substituted("${"+id+".Arn}/*"),
			"Condition", object("Null", object(header, "false"), "StringNotEquals", object(header, key))))
	}
	return statements
}

// bucketName is the name of a layer's bucket; it makes whoever uses it wait for the bucket.
func (b *builder) bucketName(l lake.Layer) any {
	if b.c.AWS.Existing.Buckets {
		return b.c.Buckets.Name(l)
	}
	return ref(title(string(l)) + "Bucket")
}
