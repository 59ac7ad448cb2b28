// Asks by the stock provider of Go, and prints what it got: probe URL ID.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

func main() {
	url, policy := os.Args[1], os.Args[2]
	if err := openfeature.SetProviderAndWait(ofrep.NewProvider(url)); err != nil {
		panic(err)
	}
	ctx := context.Background()
	client := openfeature.NewClient("probe")
	anyone := openfeature.NewEvaluationContext("bot-1", nil)
	inNcr := openfeature.NewEvaluationContext("bot-1", map[string]any{"region": "NCR"})

	told := func(who openfeature.EvaluationContext) map[string]any {
		details, _ := client.ObjectValueDetails(ctx, policy, map[string]any{}, who)
		value, _ := details.Value.(map[string]any)
		return map[string]any{
			"limit":   value["limit"],
			"reason":  details.Reason,
			"variant": details.Variant,
			"scope":   details.FlagMetadata["scope"],
			"error":   nullable(string(details.ErrorCode)),
		}
	}
	field, _ := client.IntValue(ctx, policy+".limit", 0, anyone)
	version, _ := client.StringValue(ctx, policy+".version", "", anyone)
	unknown, _ := client.ObjectValueDetails(ctx, "no-such-policy", nil, anyone)
	keyless, _ := client.ObjectValueDetails(ctx, policy, nil, openfeature.NewTargetlessEvaluationContext(nil))
	out := map[string]any{
		"stable":  told(anyone),
		"canary":  told(inNcr),
		"field":   field,
		"version": version,
		"unknown": unknown.ErrorCode,
		"keyless": keyless.ErrorCode,
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		panic(err)
	}
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}
