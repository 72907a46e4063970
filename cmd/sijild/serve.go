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

	"github.com/sijil/sijil/internal/trillianlog"
)

type serveOptions struct {
	data        string
	listen      string
	logKey      string // Optional: elsewhere than in the data folder
	addressFile string // Optional
	minFree     uint64 // MiB
	noLimits    bool
}

// shutdownTimeout bounds how long requests may take after the signal to stop.
const shutdownTimeout = 15 * time.Second

// serve runs the service until ctx ends or something breaks.
func serve(ctx context.Context, o serveOptions, stderr io.Writer) (err error) {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	trillianlog.RouteKlog(logger.Handler())
	s, err := open(ctx, o, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	if o.addressFile != "" {
		if err := os.WriteFile(o.addressFile, []byte(l.Addr().String()+"\n"), 0o644); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		// net/http would name the client's address in its messages.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	logger.InfoContext(ctx, "serving", "url", s.url, "listen", l.Addr().String(), "log", s.key.Origin(), "fingerprint", s.key.ID(), "entries", s.tiles.Latest().Size)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	logger.Info("stopping")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(fmt.Errorf("stop: %w", err), server.Close())
	}
	return nil
}
