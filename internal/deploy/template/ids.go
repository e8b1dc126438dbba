package template

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

// plainName is a name whose logical ID no other plain name has.
var plainName = regexp.MustCompile(`^[a-z0-9][A-Za-z0-9]*$`)

// hashed ends the logical ID of a name that is not plain: logical IDs have
// letters and digits alone, so that two names could have the same.
func hashed(name string) string {
	if plainName.MatchString(name) {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:3])
}
