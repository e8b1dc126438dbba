package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// Formation tells how Lake Formation treats new tables.
type Formation interface {
	// IAMGoverns reports whether IAM's policies alone decide who reads new
	// databases and tables.
	IAMGoverns(context.Context) (databases, tables bool, err error)
}

// formation asks Lake Formation. It is one call, so it is made by hand instead
// of by another client of the SDK.
type formation struct {
	cfg    aws.Config
	client *http.Client
	now    func() time.Time
}

// maxAnswer bounds an answer of Lake Formation, in bytes.
const maxAnswer = 1 << 20

// defaultPermissions are what Lake Formation grants on what is new.
type defaultPermissions []struct {
	Principal   struct{ DataLakePrincipalIdentifier string }
	Permissions []string
}

// iamGoverns: anybody whom IAM allows may do everything.
func (d defaultPermissions) iamGoverns() bool {
	for _, p := range d {
		if p.Principal.DataLakePrincipalIdentifier == "IAM_ALLOWED_PRINCIPALS" && slices.Contains(p.Permissions, "ALL") {
			return true
		}
	}
	return false
}

// IAMGoverns implements Formation by GetDataLakeSettings.
func (f formation) IAMGoverns(ctx context.Context) (databases, tables bool, err error) {
	address := endpointOf(f.cfg, "LakeFormation")
	if address == "" {
		address = "https://lakeformation." + f.cfg.Region + ".amazonaws.com"
		if strings.HasPrefix(f.cfg.Region, "cn-") {
			address += ".cn"
		}
	}
	body := []byte("{}")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(address, "/")+"/GetDataLakeSettings", bytes.NewReader(body))
	if err != nil {
		return false, false, err
	}
	request.Header.Set("Content-Type", "application/json")
	if f.cfg.Credentials == nil {
		return false, false, errors.New("failed to retrieve credentials: there are none")
	}
	credentials, err := f.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return false, false, fmt.Errorf("failed to retrieve credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "lakeformation", f.cfg.Region, f.now()); err != nil {
		return false, false, err
	}
	response, err := f.client.Do(request)
	if err != nil {
		return false, false, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return false, false, err
	}
	if response.StatusCode != http.StatusOK {
		return false, false, formationError(response, text)
	}
	var settings struct {
		DataLakeSettings *struct {
			CreateDatabaseDefaultPermissions defaultPermissions
			CreateTableDefaultPermissions    defaultPermissions
		}
	}
	if err := json.Unmarshal(text, &settings); err != nil || settings.DataLakeSettings == nil {
		return false, false, errors.New("the answer of Lake Formation is not its settings")
	}
	s := settings.DataLakeSettings
	return s.CreateDatabaseDefaultPermissions.iamGoverns(), s.CreateTableDefaultPermissions.iamGoverns(), nil
}

// formationError is the service's error as the SDK's clients give theirs. The
// code stands in a header or in the body, with a namespace or an address around it.
func formationError(response *http.Response, text []byte) error {
	var body struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Capital string `json:"Message"`
	}
	_ = json.Unmarshal(text, &body) // an answer of something else than the service has neither
	code := response.Header.Get("X-Amzn-Errortype")
	for _, other := range []string{body.Type, body.Code, response.Status} {
		if code == "" {
			code = other
		}
	}
	code, _, _ = strings.Cut(code, ":")
	if _, last, ok := strings.Cut(code, "#"); ok {
		code = last
	}
	message := body.Message
	if message == "" {
		message = body.Capital
	}
	return &smithy.GenericAPIError{Code: code, Message: message, Fault: smithy.FaultClient}
}
