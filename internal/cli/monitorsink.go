package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/monitor"
	"github.com/sijil/sijil/internal/smtp"
	"github.com/sijil/sijil/internal/webhook"
	"github.com/sijil/sijil/log"
)

// maxSecret bounds a file with a shared key or password, in bytes.
const maxSecret = 4 << 10

// lines is how many events are printed before the state says so.
const lines = 64

// sinkFlags say whom to tell, besides standard output.
type sinkFlags struct {
	webhook, webhookKey string
	mailTo              []string
	mailFrom, smtp, tls string
	user, password      string
}

func (f *sinkFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.webhook, "webhook", "", "post each event to this `URL`, signed with --webhook-key")
	c.Flags().StringVar(&f.webhookKey, "webhook-key", "", "the `FILE` with the key of the webhook's HMAC-SHA256")
	c.Flags().StringArrayVar(&f.mailTo, "mail-to", nil, "mail each event to this `ADDRESS`; repeat it for several")
	c.Flags().StringVar(&f.mailFrom, "mail-from", "", "the `ADDRESS` that the mails come from")
	c.Flags().StringVar(&f.smtp, "smtp", "", "the mail relay, `HOST:PORT`")
	c.Flags().StringVar(&f.tls, "smtp-tls", "", "`none` (this machine's own relay alone), starttls or implicit (default: by address and port)")
	c.Flags().StringVar(&f.user, "smtp-user", "", "the `NAME` to log in with at the relay")
	c.Flags().StringVar(&f.password, "smtp-password", "", "the `FILE` with the password")
	c.MarkFlagsRequiredTogether("webhook", "webhook-key")
	c.MarkFlagsRequiredTogether("mail-to", "mail-from", "smtp")
	c.MarkFlagsRequiredTogether("smtp-user", "smtp-password")
}

// sinks are the ways out. A sink's name holds no address: it stands in the state.
func (f sinkFlags) sinks(env Env) ([]monitor.Sink, error) {
	out := []monitor.Sink{{Name: "stdout", Batch: lines, Send: func(_ context.Context, e monitor.Event) error {
		b, err := e.JSON()
		if err != nil {
			return err
		}
		_, err = env.Stdout.Write(append(b, '\n'))
		return err
	}}}
	if f.webhook != "" {
		key, err := readSecret(f.webhookKey)
		if err != nil {
			return nil, err
		}
		hook, err := webhook.New(f.webhook, key, env.HTTP)
		if err != nil {
			return nil, &statusError{code: exitUsage, err: err}
		}
		out = append(out, monitor.Sink{Name: sinkName("webhook", f.webhook), Send: func(ctx context.Context, e monitor.Event) error {
			b, err := e.JSON()
			if err != nil {
				return err
			}
			return hook.Post(ctx, e.ID, b)
		}})
	}
	if len(f.mailTo) == 0 {
		return out, nil
	}
	relay, err := f.relay()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, to := range f.mailTo {
		if seen[to] {
			continue
		}
		seen[to] = true
		out = append(out, monitor.Sink{Name: sinkName("mail", to), Send: func(ctx context.Context, e monitor.Event) error {
			b, err := monitor.Mail(e, f.mailFrom, to)
			if err != nil {
				return err
			}
			return smtp.Send(ctx, relay, f.mailFrom, to, b)
		}})
	}
	return out, nil
}

// sinkName names a sink by what it is and where it leads.
func sinkName(kind, to string) string { return kind + "-" + log.Sum([]byte(to)).Hex()[:16] }

func (f sinkFlags) relay() (smtp.Server, error) {
	host, port, err := net.SplitHostPort(f.smtp)
	if err != nil {
		return smtp.Server{}, usage("--smtp: %v", err)
	}
	s := smtp.Server{Addr: f.smtp, Username: f.user}
	ip, _ := netip.ParseAddr(host)
	switch {
	case f.tls == "none", f.tls == "" && (host == "localhost" || ip.IsLoopback()):
		s.TLS = smtp.None
	case f.tls == "implicit", f.tls == "" && port == "465":
		s.TLS = smtp.Implicit
	case f.tls == "starttls", f.tls == "":
		s.TLS = smtp.StartTLS
	default:
		return s, usage("--smtp-tls %q: want none, starttls or implicit", f.tls)
	}
	if f.user != "" {
		password, err := readSecret(f.password)
		if err != nil {
			return s, err
		}
		s.Password = string(password)
	}
	return s, nil
}

// readSecret reads a file that holds a key or password, without the line's end.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &statusError{code: exitUsage, err: err}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, withHint(usage("%s can be read by others", path), "chmod 600 %s", path)
	}
	b, err := readAll(io.Reader(file), path, maxSecret)
	if err != nil {
		return nil, err
	}
	out := strings.TrimRight(string(b), "\r\n")
	if out == "" {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return []byte(out), nil
}
