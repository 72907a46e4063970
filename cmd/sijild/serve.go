package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/sijil/sijil/internal/domain"

	"github.com/sijil/sijil/internal/files"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/tracing"
	"github.com/sijil/sijil/internal/trillianlog"
)

type serveOptions struct {
	data        string
	listen      string
	logKey      string // Optional: elsewhere than in the data folder
	addressFile string // Optional
	minFree     uint64 // MiB
	noLimits    bool
	door        publish.Door // "" is off
	domains     string       // whether organisations' domains are asked
	fetch       string       // whether pages are fetched for people who give an address
	metrics     string       // Optional: an address for metrics
	metricsFile string       // Optional

	mail mailOptions

	traces *tracing.Tracer // Optional

	cluster clusterOptions // the zero value: the log is in the data folder

	ending bool // the log is opened to be frozen: what others saw does not matter

	// now tells the time. Optional: time.Now.
	now func() time.Time
	// domainConfig says how domains are asked. Optional: as domains says.
	domainConfig *domain.Config
}

func (o serveOptions) clock() func() time.Time {
	if o.now == nil {
		return time.Now
	}
	return o.now
}

// Values of serveOptions.fetch; "" is off.
const (
	fetchOff     = ""
	fetchOn      = "on"
	fetchPrivate = "private"
)

// shutdownTimeout bounds how long requests may take after the signal to stop.
const shutdownTimeout = 15 * time.Second

// serve runs the service until ctx ends or something breaks.
func serve(ctx context.Context, o serveOptions, stderr io.Writer) (err error) {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	trillianlog.RouteKlog(logger.Handler())
	if o.traces, err = tracing.Open(ctx, version(), logger); err != nil {
		return err
	}
	defer func() {
		if err := o.traces.Close(ctx); err != nil {
			logger.Warn("stopping", "error", err)
		}
	}()
	s, err := open(ctx, o, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	go files.Warm(context.WithoutCancel(ctx), s.files) // it ends by itself, within seconds
	var servers []*http.Server
	failed := make(chan error, 2)
	start := func(h http.Handler, listen, addressFile, what string) error {
		l, err := listenOn(listen, addressFile)
		if err != nil {
			return err
		}
		server := newServer(h)
		servers = append(servers, server)
		logger.InfoContext(ctx, what, "url", s.url, "listen", l.Addr().String(), "log", s.key.Origin(), "fingerprint", s.key.ID(), "entries", s.tiles.Latest().Size)
		go func() { failed <- server.Serve(l) }()
		return nil
	}
	if o.metrics != "" {
		routes := http.NewServeMux()
		routes.Handle("GET /metrics", s.metrics.Handler())
		if err := start(routes, o.metrics, o.metricsFile, "serving metrics"); err != nil {
			return err
		}
	}
	if err := start(s.handler, o.listen, o.addressFile, "serving"); err != nil {
		return errors.Join(err, shutDown(ctx, servers))
	}
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serve: %w", err), shutDown(ctx, servers))
	case <-ctx.Done():
	}
	logger.Info("stopping")
	return shutDown(ctx, servers)
}

// listenOn listens on an address and writes it to a file, if there is one.
func listenOn(address, file string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil || file == "" {
		return l, err
	}
	if err := os.WriteFile(file, []byte(l.Addr().String()+"\n"), 0o644); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		// net/http would name the client's address in its messages.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
}

// shutDown lets running requests finish.
func shutDown(ctx context.Context, servers []*http.Server) error {
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	var errs []error
	for _, server := range servers {
		if err := server.Shutdown(stop); err != nil {
			errs = append(errs, fmt.Errorf("stop: %w", err), server.Close())
		}
	}
	return errors.Join(errs...)
}
