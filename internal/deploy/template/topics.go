package template

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"wplake/internal/lake"
)

// topicNames are the lake's topics, by what begins their logical IDs.
func topicNames() [][2]string {
	all := [][2]string{}
	for _, l := range layers() {
		all = append(all, [2]string{title(string(l)), lake.TopicName(l)})
	}
	return append(all, [2]string{"Failure", lake.FailureTopic})
}

func (b *builder) topics() {
	b.section = "Topics: one a layer for objects that failed, one for executions"
	if !b.c.AWS.Existing.Topics {
		for _, t := range topicNames() {
			b.add(t[0]+"Topic", "AWS::SNS::Topic", "", object(
				"TopicName", t[1], "KmsMasterKeyId", orNil(b.c.AWS.KMSKey), "Tags", b.tags()))
		}
		b.topicPolicy()
	}
	for _, address := range b.c.AWS.Subscribe {
		protocol := "email"
		if strings.HasPrefix(address, "https://") {
			protocol = "https"
		}
		// By the address, so that another one beside it changes nothing here:
		// a subscription that is made again has to be confirmed again.
		sum := sha256.Sum256([]byte(address))
		for _, t := range topicNames() {
			b.add(t[0]+"Subscription"+hex.EncodeToString(sum[:4]), "AWS::SNS::Subscription", "",
				object("TopicArn", b.topic(t[1]), "Protocol", protocol, "Endpoint", address))
		}
		b.manual = append(b.manual, Manual{What: address + " gets a message from each topic that asks for confirmation: nothing arrives before the link in it was followed"})
	}
}

// topicPolicy lets CloudWatch's alarms speak to the topic of failures. Roles
// of this account publish by their own policies.
func (b *builder) topicPolicy() {
	b.add("FailureTopicPolicy", "AWS::SNS::TopicPolicy", "Alarms of this account may publish", object(
		"Topics", list(ref("FailureTopic")),
		"PolicyDocument", object("Version", "2012-10-17", "Statement", list(object(
			"Sid", "AlarmsOfThisAccount", "Effect", "Allow", "Principal", object("Service", "cloudwatch.amazonaws.com"),
			"Action", "sns:Publish", "Resource", ref("FailureTopic"),
			"Condition", object(
				"StringEquals", object("aws:SourceAccount", ref("AWS::AccountId")),
				"ArnLike", object("aws:SourceArn", arn("cloudwatch", "alarm:"+b.c.AWS.Stack+"-*"))))))))
	if b.c.AWS.KMSKey != "" {
		b.manual = append(b.manual, Manual{What: "the key " + b.c.AWS.KMSKey + " must let cloudwatch.amazonaws.com (kms:Decrypt, kms:GenerateDataKey*) use it, " +
			"or alarms reach nobody, and logs." + regionWord(b.c.AWS.Region) + ".amazonaws.com (kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey*, kms:Describe*), or no log group can be made"})
	}
}

func regionWord(region string) string {
	if region == "" {
		return "REGION"
	}
	return region
}

// topic is a topic's ARN by its name.
func (b *builder) topic(name string) any {
	if !b.c.AWS.Existing.Topics {
		for _, t := range topicNames() {
			if t[1] == name {
				return ref(t[0] + "Topic")
			}
		}
	}
	return arn("sns", name)
}

// store are the parameters that the stages and their alerts look up.
func (b *builder) store() {
	b.section = "Parameters: where the stages find buckets and topics"
	parameter := func(id, name, kind string, value any) {
		tier := any(nil)
		if text, ok := value.(string); ok && len(text) > standardParameter {
			tier = "Advanced"
			b.advanced++
		}
		b.add(id, "AWS::SSM::Parameter", "", object("Name", name, "Type", kind, "Tier", tier, "Value", value, "Tags", b.mappedTags()))
	}
	for _, l := range layers() {
		parameter(title(string(l))+"BucketParameter", lake.BucketParameter(l), "String", b.bucketName(l))
	}
	for _, l := range layers() {
		parameter(title(string(l))+"TopicParameter", lake.TopicParameter(l), "String", b.topic(lake.TopicName(l)))
	}
	if urls, ok := b.endpoints(); ok {
		parameter("EndpointsParameter", b.c.Source.Endpoints.Parameter, "StringList", urls)
	}
}

// standardParameter is the most of a parameter that costs nothing, in bytes.
const standardParameter = 4096
