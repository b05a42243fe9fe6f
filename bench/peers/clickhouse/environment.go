package clickhouse

import "github.com/spanstead/spanstead/bench"

// FromEnvironment is the peers that the environment names: SPANSTEAD_CHDB, the
// directory in which "npm install chdb" was run, and SPANSTEAD_CLICKHOUSE, the
// address of a server such as http://127.0.0.1:8123.
func FromEnvironment(getenv func(string) string) []bench.Peer {
	var peers []bench.Peer
	for _, from := range []struct {
		variable string
		peer     func(where, layout string) bench.Peer
	}{{"SPANSTEAD_CHDB", ChDB}, {"SPANSTEAD_CLICKHOUSE", HTTP}} {
		if where := getenv(from.variable); where != "" {
			peers = append(peers, from.peer(where, "exporter"), from.peer(where, "tuned"))
		}
	}
	return peers
}
