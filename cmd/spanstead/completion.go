package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// completion writes what a shell loads to complete the command's words.
func completion(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("spanstead completion bash|zsh|fish", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, "Usage: spanstead completion bash|zsh|fish\n\n"+
			"  bash: source <(spanstead completion bash)\n"+
			"  zsh:  source <(spanstead completion zsh)\n"+
			"  fish: spanstead completion fish | source\n")
	}
	rest, err := parseFlags(f, args)
	if err != nil {
		return err
	}
	if len(rest) == 1 {
		switch rest[0] {
		case "bash":
			return completeBash(stdout, wordsOf(ctx))
		case "zsh":
			return completeZsh(stdout, wordsOf(ctx))
		case "fish":
			return completeFish(stdout, wordsOf(ctx))
		}
	}
	f.Usage()
	return errUsage
}

// verbWords are a verb's flags and the other words that can follow it.
type verbWords struct {
	name, summary string
	flags         []flagWord
	words         []string
}

type flagWord struct {
	name  string
	value bool // takes one
	help  string
}

// ownWords are words that are no flags, by verb.
func ownWords() map[string][]string {
	return map[string][]string{
		"query":      {"spans", "traces", "trace", "heatmap", "keys", "values", "count"},
		"seed":       scenarioNames(),
		"completion": {"bash", "zsh", "fish"},
	}
}

// wordsOf asks each verb for its flags, as -h does.
func wordsOf(ctx context.Context) []verbWords {
	var out []verbWords
	words := ownWords()
	for _, v := range verbs() {
		var help bytes.Buffer
		if err := v.run(ctx, []string{"-h"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) {
			continue // it prints no flags
		}
		out = append(out, verbWords{v.name, v.summary, flagsOf(help.String()), words[v.name]})
	}
	return out
}

// flagLine is a line of flag.PrintDefaults: two spaces, the flag, its value's
// name, and behind a tab what it is for, there or on the next line.
var flagLine = regexp.MustCompile(`(?m)^  -([\w-]+)(?: ([^\t\n]+))?(?:\n    )?\t(.*)$`)

func flagsOf(help string) []flagWord {
	var out []flagWord
	for _, m := range flagLine.FindAllStringSubmatch(help, -1) {
		out = append(out, flagWord{m[1], m[2] != "", m[3]})
	}
	slices.SortFunc(out, func(a, b flagWord) int { return strings.Compare(a.name, b.name) })
	return out
}

func (v *verbWords) all() string {
	var out []string
	for _, f := range v.flags {
		out = append(out, "--"+f.name)
	}
	return strings.Join(append(out, v.words...), " ")
}

func names(verbs []verbWords) string {
	var out []string
	for _, v := range verbs {
		out = append(out, v.name)
	}
	return strings.Join(out, " ")
}

// completeBash completes verbs, flags, words, and else files.
func completeBash(w io.Writer, verbs []verbWords) error {
	var b strings.Builder
	b.WriteString("_spanstead() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words=\n")
	fmt.Fprintf(&b, "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=%s\n  else\n    case ${COMP_WORDS[1]} in\n", quote(names(verbs)))
	for _, v := range verbs {
		fmt.Fprintf(&b, "      %s) words=%s ;;\n", v.name, quote(v.all()))
	}
	b.WriteString("    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n")
	b.WriteString("complete -o default -F _spanstead spanstead\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// completeZsh is made of _arguments and _describe.
func completeZsh(w io.Writer, verbs []verbWords) error {
	var b strings.Builder
	b.WriteString("#compdef spanstead\n_spanstead() {\n  local -a verbs=(\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "    %s\n", quote(v.name+":"+v.summary))
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n  case $words[2] in\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "    %s)\n      _arguments", v.name)
		for _, f := range v.flags {
			value := ""
			if f.value {
				value = ":" + f.name + ":_files"
			}
			fmt.Fprintf(&b, " \\\n        %s", quote("*--"+f.name+"["+zshText(f.help)+"]"+value))
		}
		rest := "_files"
		if len(v.words) > 0 {
			rest = "{compadd " + strings.Join(v.words, " ") + "; _files}"
		}
		fmt.Fprintf(&b, " \\\n        %s\n      ;;\n", quote("*::word:"+rest))
	}
	b.WriteString("  esac\n}\ncompdef _spanstead spanstead\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// zshText escapes what _arguments reads in a description.
func zshText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(s)
}

// completeFish has a line for each word.
func completeFish(w io.Writer, verbs []verbWords) error {
	var b strings.Builder
	for _, v := range verbs {
		fmt.Fprintf(&b, "complete -c spanstead -n __fish_use_subcommand -f -a %s -d %s\n", v.name, fishQuote(v.summary))
		seen := "-n " + fishQuote("__fish_seen_subcommand_from "+v.name)
		for _, f := range v.flags {
			value := ""
			if f.value {
				value = " -r"
			}
			fmt.Fprintf(&b, "complete -c spanstead %s -l %s%s -d %s\n", seen, f.name, value, fishQuote(f.help))
		}
		if len(v.words) > 0 {
			fmt.Fprintf(&b, "complete -c spanstead %s -a %s\n", seen, fishQuote(strings.Join(v.words, " ")))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// fishQuote makes one word of fish.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
