package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// shutdownTimeout bounds how long requests may take after the signal to stop.
const shutdownTimeout = 5 * time.Second

// serveHTTP serves until ctx ends. Port 0 takes a free one; the address is
// written to addressFile, if there is one, and told to ready.
func serveHTTP(ctx context.Context, h http.Handler, listen, addressFile string, ready func(address string)) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	if addressFile != "" {
		if err := os.WriteFile(addressFile, []byte(l.Addr().String()+"\n"), 0o644); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		// net/http would name the client's address in its messages.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	ready(l.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
