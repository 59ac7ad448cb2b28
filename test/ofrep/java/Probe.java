import dev.openfeature.contrib.providers.ofrep.OfrepProvider;
import dev.openfeature.contrib.providers.ofrep.OfrepProviderOptions;
import dev.openfeature.sdk.Client;
import dev.openfeature.sdk.EvaluationContext;
import dev.openfeature.sdk.FlagEvaluationDetails;
import dev.openfeature.sdk.ImmutableContext;
import dev.openfeature.sdk.OpenFeatureAPI;
import dev.openfeature.sdk.Value;
import java.util.Map;

/** Asks by the stock provider of Java, and prints what it got: Probe URL ID. */
class Probe {
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        String policy = arguments[1];
        OpenFeatureAPI api = OpenFeatureAPI.getInstance();
        api.setProviderAndWait(OfrepProvider.constructProvider(OfrepProviderOptions.builder().baseUrl(url).build()));
        Client client = api.getClient();
        EvaluationContext anyone = new ImmutableContext("bot-1");
        EvaluationContext inNcr = new ImmutableContext("bot-1", Map.of("region", new Value("NCR")));
        Value none = new Value(new dev.openfeature.sdk.ImmutableStructure());
        System.out.printf(
                "{\"stable\":%s,\"canary\":%s,\"field\":%d,\"version\":%s,\"unknown\":%s,\"keyless\":%s}%n",
                told(client.getObjectDetails(policy, none, anyone)),
                told(client.getObjectDetails(policy, none, inNcr)),
                client.getIntegerValue(policy + ".limit", 0, anyone),
                quoted(client.getStringValue(policy + ".version", "", anyone)),
                quoted(client.getObjectDetails("no-such-policy", none, anyone).getErrorCode()),
                quoted(client.getObjectDetails(policy, none, new ImmutableContext()).getErrorCode()));
        System.exit(0);
    }

    private static String told(FlagEvaluationDetails<Value> details) {
        Value limit = details.getValue().asStructure().getValue("limit");
        return String.format(
                "{\"limit\":%s,\"reason\":%s,\"variant\":%s,\"scope\":%s,\"error\":%s}",
                limit == null ? "null" : String.valueOf(limit.asInteger()),
                quoted(details.getReason()),
                quoted(details.getVariant()),
                quoted(details.getFlagMetadata().getString("scope")),
                quoted(details.getErrorCode()));
    }

    private static String quoted(Object value) {
        return value == null ? "null" : "\"" + value + "\"";
    }
}
