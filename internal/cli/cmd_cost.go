package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/config"
	"wplake/internal/deploy/cost"
	"wplake/internal/home"
)

// staleDays is how old prices may be without a warning.
const staleDays = 180

func (a *app) costCommand() *cobra.Command {
	in := cost.Input{Runs: -1, Bytes: -1, Queries: -1}
	var bytes string
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Estimate what the lake costs on AWS in a month",
		Long: `Estimates what the deployed lake costs a month: from the definition, by service,
with and without what every account has free for ever, and beside it what the
reference pipeline was billed. The requests to S3 are counted from what the
stages do when every object has changed.

It asks nobody: prices are in a dated file that is part of wplake, and its date
is told.`,
		Example: `  wplake cost
  wplake cost --region us-east-1 --runs-per-month 720 --bytes 431MB
  wplake cost --json | jq .usd`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flags := cmd.Flags()
			if flags.Changed("runs-per-month") && !(in.Runs >= 0 && in.Runs <= 1e6) || flags.Changed("queries-per-month") && !(in.Queries >= 0 && in.Queries <= 1e9) {
				return usageError{errors.New("runs are from 0 to a million a month, queries from 0 to a thousand millions")}
			}
			if bytes != "" {
				size, err := config.ParseByteSize(bytes)
				if err != nil {
					return usageError{fmt.Errorf("--bytes: %w", err)}
				}
				in.Bytes = int64(size)
			}
			c, file, err := a.loadConfig()
			if err != nil {
				return err
			}
			in.Config = c
			if in.Definition, in.Machines, err = home.Machines(c, file.Dir); err != nil {
				return err
			}
			e, err := cost.Make(in)
			if err != nil {
				return err
			}
			return a.printCost(e)
		},
	}
	cmd.Flags().StringVar(&in.Region, "region", "", "the region (default: the definition's)")
	cmd.Flags().Float64Var(&in.Runs, "runs-per-month", -1, "how often the pipeline runs (default: as its schedules say)")
	cmd.Flags().StringVar(&bytes, "bytes", "", "the size of all raw objects together (default 4MB, the reference's)")
	cmd.Flags().Float64Var(&in.Queries, "queries-per-month", -1, "how many queries Athena gets (default: one a day)")
	return cmd
}

func (a *app) printCost(e cost.Estimate) error {
	age := e.Age(a.now())
	if a.json {
		return a.printJSON(struct {
			cost.Estimate
			Age int `json:"prices_age_days"`
		}{e, age})
	}
	fmt.Fprintf(a.stdout, "%s runs a month of %d objects, %s of raw, %s queries, in %s:\n\n",
		number(e.Runs), e.Objects, config.ByteSize(e.Bytes), number(e.Queries), e.Region)
	g := a.newGrid("SERVICE", "WHAT", ">A MONTH", "UNIT", ">USD", ">WITHOUT FREE TIER")
	for _, l := range e.Lines {
		g.row(l.Service, l.What, number(l.Quantity), l.Unit, dollars(l.USD), dollars(l.Full))
	}
	g.row("", "together", "", "", dollars(e.USD), dollars(e.Full))
	g.print()
	var billed []string
	month := 0.0
	for _, r := range e.Reference {
		billed = append(billed, fmt.Sprintf("%.2f USD of %s in %d days", r.USD, r.Service, r.Days))
		month += r.Month
	}
	fmt.Fprintf(a.stdout, "\nThe reference pipeline was billed %s: %.2f USD a month, after what it had free.\n", strings.Join(billed, " and "), month)
	fmt.Fprintf(a.stdout, "\nTaken for granted:\n")
	for _, what := range e.Assumed {
		fmt.Fprintln(a.stdout, "-", what)
	}
	fmt.Fprintf(a.stdout, "\nPrices of %s, list, without taxes, noted on %s (%d days ago).\n", e.PricedAs, e.PricesNoted, age)
	unchecked, checked := e.Unchecked()
	if len(checked) > 0 {
		fmt.Fprintf(a.stdout, "Read from a list of AWS's: %s.\n", strings.Join(checked, ", "))
	}
	if len(unchecked) > 0 {
		fmt.Fprintf(a.stdout, "Not compared with a list of AWS's: %s. Where it matters, look at https://calculator.aws.\n", strings.Join(unchecked, ", "))
	}
	if age > staleDays && !a.quiet {
		fmt.Fprintf(a.stderr, "wplake: warning: the prices are %d days old; a newer wplake has newer ones\n", age)
	}
	return nil
}

// dollars is an amount with as many digits as tell something.
func dollars(usd float64) string { return strconv.FormatFloat(usd, 'f', 4, 64) }

// number is a quantity with four digits at most that tell something.
func number(n float64) string {
	if n >= 1000 || n == math.Trunc(n) {
		return strconv.FormatFloat(math.Round(n), 'f', -1, 64)
	}
	return strconv.FormatFloat(n, 'g', 4, 64)
}
