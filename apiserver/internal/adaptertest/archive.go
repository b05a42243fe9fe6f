package adaptertest

import (
	"bytes"
	"fmt"
	"strings"
)

// Archive is a text archive in the format of Go's txtar: a comment, then
// files, each after a line "-- name --".
type Archive struct {
	Comment string
	Files   []File
}

// File is one file of an archive.
type File struct {
	Name string
	Data []byte
}

// ParseArchive reads an archive; every text is one.
func ParseArchive(data []byte) *Archive {
	a := &Archive{}
	var current *File
	for line := range bytes.Lines(data) {
		if name, ok := marker(line); ok {
			a.Files = append(a.Files, File{Name: name})
			current = &a.Files[len(a.Files)-1]
			continue
		}
		if current == nil {
			a.Comment += string(line)
			continue
		}
		current.Data = append(current.Data, line...)
	}
	return a
}

func marker(line []byte) (name string, ok bool) {
	s := strings.TrimRight(string(line), "\r\n")
	if !strings.HasPrefix(s, "-- ") || !strings.HasSuffix(s, " --") || len(s) < 7 {
		return "", false
	}
	return strings.TrimSpace(s[3 : len(s)-3]), true
}

// Format is the inverse of ParseArchive.
func (a *Archive) Format() []byte {
	var b bytes.Buffer
	b.WriteString(a.Comment)
	for _, f := range a.Files {
		fmt.Fprintf(&b, "-- %s --\n", f.Name)
		b.Write(f.Data)
		if len(f.Data) > 0 && f.Data[len(f.Data)-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// File returns the named file, nil if there is none.
func (a *Archive) File(name string) *File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

// Setting is the value of a line "key: value" in the file "settings", "" if
// there is none.
func (a *Archive) Setting(key string) string {
	f := a.File("settings")
	if f == nil {
		return ""
	}
	for line := range strings.Lines(string(f.Data)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
