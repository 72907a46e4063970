package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/store"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

func newToken(stdout io.Writer) *cobra.Command {
	parent := &cobra.Command{Use: "token", Short: "Give permission to create a publication", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	var o tokenOptions
	c := &cobra.Command{
		Use:   "new --data DIR --slug SLUG",
		Short: "Make a single-use token for one slug",
		Long: `Make a single-use token with which one publication can be created under one slug.
It is printed once and kept nowhere: send it to the publisher by a private way.
The service may be running.`,
		Example: "  sijild token new --data /var/lib/sijil --slug river",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := keys.CheckSlug(o.slug); err != nil {
				return err
			}
			token, err := newTokenFor(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintln(stdout, token)
			return nil
		},
	}
	dataFlag(c, &o.data)
	c.Flags().StringVar(&o.slug, "slug", "", "the `SLUG` that may be created")
	c.Flags().DurationVar(&o.expires, "expires", 7*24*time.Hour, "how long the token can be used")
	c.Flags().BoolVar(&o.similar, "allow-similar", false, "the slug may look like an existing one")
	c.MarkFlagRequired("slug")
	parent.AddCommand(c, newTokenList(stdout), newTokenRevoke(stdout))
	return parent
}

func newTokenList(stdout io.Writer) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "list --data DIR",
		Short: "List the tokens that were made, and what became of them",
		Long: `List the tokens that were made: for which slug, and whether each can still be used.
The first column names a token to sijild token revoke; it is no secret.`,
		Example: "  sijild token list --data /var/lib/sijil",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return listTokens(cmd.Context(), data, time.Now(), stdout) },
	}
	dataFlag(c, &data)
	return c
}

func newTokenRevoke(stdout io.Writer) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "revoke --data DIR NAME",
		Short: "Make a token that was not used yet useless",
		Long: `Make a token useless that was not used yet. NAME is as sijild token list prints it. The
service may be running. A publication that a token has created stays.`,
		Example: "  sijild token revoke --data /var/lib/sijil 4c1f0e2ab6d97753",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			slug, err := revokeToken(cmd.Context(), data, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(stdout, "revoked a token for %s\n", slug)
			return nil
		},
	}
	dataFlag(c, &data)
	return c
}

type tokenOptions struct {
	data, slug string
	expires    time.Duration
	similar    bool
}

// newTokenFor makes a token known to the service by its digest alone.
func newTokenFor(ctx context.Context, o tokenOptions) (token string, err error) {
	rows, err := openRows(ctx, o.data)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := checkFree(ctx, rows, o); err != nil {
		return "", err
	}
	var secret [32]byte
	if _, err := io.ReadFull(rand.Reader, secret[:]); err != nil {
		return "", err
	}
	token = "sijil_" + base64.RawURLEncoding.EncodeToString(secret[:])
	t := publish.Token{Slug: o.slug, Expires: time.Now().Add(o.expires), AllowSimilar: o.similar}
	return token, rows.AddToken(ctx, log.Sum([]byte(token)), t)
}

func checkFree(ctx context.Context, rows *store.Store, o tokenOptions) error {
	slugs, err := rows.Slugs(ctx)
	if err != nil {
		return err
	}
	for _, s := range slugs {
		if s == o.slug {
			return fmt.Errorf("the slug %q is in use", o.slug)
		}
		if keys.SimilarSlug(s, o.slug) && !o.similar {
			return fmt.Errorf("the slug %q could be taken for %q, which exists: if it is meant, say --allow-similar", o.slug, s)
		}
	}
	return nil
}

// tokenName names a token where it is no secret: the beginning of its digest.
func tokenName(t store.KnownToken) string { return hex.EncodeToString(t.Digest[:8]) }

func listTokens(ctx context.Context, data string, now time.Time, stdout io.Writer) (err error) {
	rows, err := openRows(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all, err := rows.Tokens(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		state := "can be used until "
		switch {
		case t.Used:
			state = "was used; would have expired "
		case !now.Before(t.Expires):
			state = "expired "
		}
		similar := ""
		if t.AllowSimilar {
			similar = ", for a slug that may look like another"
		}
		fmt.Fprintf(stdout, "%s  %-20s  %s%s%s\n", tokenName(t), t.Slug, state, t.Expires.UTC().Format(time.RFC3339), similar)
	}
	return nil
}

// revokeToken forgets a token that was not used, and returns its slug.
func revokeToken(ctx context.Context, data, name string) (slug string, err error) {
	rows, err := openRows(ctx, data)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all, err := rows.Tokens(ctx)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(t store.KnownToken) bool { return tokenName(t) == name })
	if i < 0 {
		return "", fmt.Errorf("there is no token %q: sijild token list names those that there are", name)
	}
	gone, err := rows.RevokeToken(ctx, all[i].Digest)
	if err != nil {
		return "", err
	}
	if !gone {
		return "", fmt.Errorf("the token %s was used: the publication %q is there, and its publisher alone can retract it", name, all[i].Slug)
	}
	return all[i].Slug, nil
}
