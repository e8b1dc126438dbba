// Package machine is the state machine that a lake has unless its definition
// names another: raw, bronze, the bronze tables, silver, the silver tables, and
// an alert where something failed.
//
// It is the same at home and on AWS. What a run was asked for (objects, full,
// only, accept_loss) is the execution's input, which reaches every function as
// its payload, with the run's id, and a job as its argument --input.
package machine

import (
	_ "embed" // the states are files of their own
	"regexp"
	"strings"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// The parts that the machine is put together from, in Amazon States Language.
var (
	//go:embed begin.json.part
	begin string
	//go:embed function.json.part
	function string // a stage as a Lambda function
	//go:embed crawler.json.part
	crawler string // a layer's tables by a crawler, which is awaited
	//go:embed job.json.part
	job string // silver as a Glue job
	//go:embed end.json.part
	end string
)

// Names of states of the built-in machine.
const (
	bronzeTables = "Bronze Tables"
	silverTables = "Silver Tables"
	crawlBronze  = "Start Bronze Crawler"
	crawlSilver  = "Start Silver Crawler"
	silverByJob  = "Glue Start Silver Python Shell"
	afterAll     = "All Well?"
)

// Default is the built-in state machine as the definition wants it: silver as a
// function or as a job, tables written by a function or by crawlers. The ARNs
// have the definition's account and region.
func Default(c config.Config) []byte {
	tables, silver, last := bronzeTables, lake.FunctionName(lake.FunctionSilver), silverTables
	if c.Catalog.Crawler {
		tables, last = crawlBronze, crawlSilver
	}
	if c.Silver.Runtime == config.RuntimePythonShell {
		silver = silverByJob
	}
	var b strings.Builder
	b.WriteString(begin)
	b.WriteString(invoke(lake.FunctionName(lake.FunctionRaw), lake.FunctionRaw, "", lake.FunctionName(lake.FunctionBronze)))
	b.WriteString(invoke(lake.FunctionName(lake.FunctionBronze), lake.FunctionBronze, "", tables))
	b.WriteString(crawl(c, lake.Bronze, silver))
	if c.Silver.Runtime == config.RuntimePythonShell {
		b.WriteString(strings.ReplaceAll(job, "${Next}", last))
	} else {
		b.WriteString(invoke(silver, lake.FunctionSilver, "", last))
	}
	b.WriteString(crawl(c, lake.Silver, afterAll))
	b.WriteString(end)
	return []byte(strings.NewReplacer("${Account}", c.Workflow.Account, "${Region}", c.Workflow.Region).Replace(b.String()))
}

// invoke is a state that invokes a function; more are further members of its payload.
func invoke(state, name, more, next string) string {
	return strings.NewReplacer("${State}", state, "${Function}", lake.FunctionName(name), "${More}", more, "${Next}", next).Replace(function)
}

// crawl are the states that bring a layer's tables into the catalog.
func crawl(c config.Config, l lake.Layer, next string) string {
	if c.Catalog.Crawler {
		title := strings.ToUpper(string(l[:1])) + string(l[1:])
		return strings.NewReplacer("${Layer}", title, "${Crawler}", lake.CrawlerName(l), "${Next}", next).Replace(crawler)
	}
	state := bronzeTables
	if l == lake.Silver {
		state = silverTables
	}
	return invoke(state, lake.FunctionCatalog, ", 'stage': 'crawl-"+string(l)+"'", next)
}

// ownARN is an ARN of a service that machines call, with its region and account.
var ownARN = regexp.MustCompile(`arn:aws[a-z-]*:(lambda|sns|glue|states|sqs|athena|events|dynamodb):([a-z0-9-]*|\[?REDACTED\]?):(\[?REDACTED\]?|[0-9]{12}):`)

// ForAWS is a definition as it is deployed: in ARNs of the home's own account,
// and in those whose account was blackened, partition, region and account
// become those given, which may be placeholders such as ${Account}. ARNs of
// other accounts stay.
func ForAWS(definition []byte, c config.Config, partition, region, account string) []byte {
	return ownARN.ReplaceAllFunc(definition, func(found []byte) []byte {
		parts := strings.Split(string(found), ":")
		if in := strings.Trim(parts[4], "[]"); in != "REDACTED" && in != c.Workflow.Account {
			return found
		}
		return []byte("arn:" + partition + ":" + parts[2] + ":" + region + ":" + account + ":")
	})
}
