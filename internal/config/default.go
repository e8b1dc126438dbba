package config

import (
	"time"

	"wplake/internal/transform"
)

// MinMemory is the least engine.memory_limit, in bytes.
const MinMemory ByteSize = 256e6

// Default is the definition of a lake whose file says nothing.
func Default() Config {
	return Config{
		Site:    "site",
		Dataset: "wordpress_api",
		Root:    "lake",
		Source: Source{
			Kind: SourceSample,
			Endpoints: SourceEndpointsConfig{
				// Parameter is filled in from the site's name.
				Parallel:         2,
				Retries:          4,
				MaxBytes:         2e9,
				MaxRedirects:     5,
				ConnectTimeout:   Duration(10 * time.Second),
				FirstByteTimeout: Duration(30 * time.Second),
				IdleTimeout:      Duration(30 * time.Second),
				TotalTimeout:     Duration(15 * time.Minute),
			},
			Sample: SourceSampleConfig{
				Seed:       1,
				Posts:      2000,
				Statistics: 50000,
				Objects:    referenceObjects(),
			},
		},
		Buckets: Buckets{Raw: "data-lakehouse-raw", Bronze: "data-lakehouse-bronze", Silver: "data-lakehouse-silver"},
		Bronze:  Bronze{Drift: Evolve, MaxLoss: 0.5},
		Silver:  Silver{Profile: transform.Reference, Unmapped: UnmappedFail, Runtime: RuntimeLambda},
		Engine:  Engine{MemoryLimit: 512e6, Parallel: 0},
		Workflow: Workflow{
			Name: "wordpress_raw_to_silver", Account: "000000000000", Region: "eu-west-1",
			Interrupted: InterruptedRetry, Parallel: 40,
			KeepFor: Duration(90 * 24 * time.Hour), KeepSize: 1e9,
		},
		Schedules: dailySchedule(),
		Serve:     Serve{Listen: "127.0.0.1:8083"},
		AWS: AWS{
			// Stack is filled in from the site's name.
			LogRetention: 30, VersionExpiry: 30, Alarms: true, Dashboard: true,
			Functions: AWSFunctions{Architecture: ArchitectureX86, Memory: 512, Storage: 1024, Timeout: Duration(15 * time.Minute)},
		},
	}
}

// endpointsParameter is the default name of the parameter that lists a site's endpoints.
func endpointsParameter(site string) string { return "/wordpress/" + site + "/api/mysqlendpoints" }

// referenceObjects are the five objects of the reference pipeline.
func referenceObjects() []string {
	return []string{"posts", "statistics_pages", "term_relationship", "term_taxonomy", "terms"}
}
