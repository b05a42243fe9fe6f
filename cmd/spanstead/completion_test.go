package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlagsOf(t *testing.T) {
	help := "Usage of x:\n  -a\tshort\n  -addr address\n    \twhere; (default \"x\")\n    \tmore of it\n  -n many\n    \thow many\n  -quick\n    \tfast\n"
	want := []flagWord{{"a", false, "short"}, {"addr", true, `where; (default "x")`}, {"n", true, "how many"}, {"quick", false, "fast"}}
	if d := cmp.Diff(want, flagsOf(help), cmp.AllowUnexported(flagWord{})); d != "" {
		t.Error(d)
	}
}

// TestCompletionKnowsEveryVerb, each with at least one flag or word.
func TestCompletionKnowsEveryVerb(t *testing.T) {
	words := wordsOf(t.Context())
	for _, v := range verbs() {
		i := slices.IndexFunc(words, func(w verbWords) bool { return w.name == v.name })
		if i < 0 || len(words[i].flags)+len(words[i].words) == 0 {
			t.Errorf("%s has no words", v.name)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		text := must(t, "completion", shell)
		for _, want := range []string{"serve", "fidelity", "explain", "workload", "heatmap"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", shell, want)
			}
		}
	}
	for _, args := range [][]string{{}, {"tcsh"}, {"bash", "zsh"}} {
		if status, _, stderr := command(t, append([]string{"completion"}, args...)...); status != 2 || !strings.Contains(stderr, "fish") {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
}

// TestCompletionInShells lets each shell that is there read the script, and
// bash complete with it.
func TestCompletionInShells(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s on this machine", shell)
			continue
		}
		c := exec.Command(path, "-n")
		c.Stdin = strings.NewReader(must(t, "completion", shell))
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	path, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash on this machine")
	}
	script := must(t, "completion", "bash")
	for line, want := range map[string]string{
		"spanstead ins": "inspect", "spanstead query dir hea": "heatmap", "spanstead serve --fid": "--fidelity", "spanstead seed sh": "shop",
	} {
		words := strings.Fields(line)
		ask := script + "\nCOMP_WORDS=(" + line + ")\nCOMP_CWORD=" + string(rune('0'+len(words)-1)) + "\n_spanstead\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
		out, err := exec.Command(path, "-c", ask).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: got %q, want %s (%v)", line, out, want, err)
		}
	}
}
