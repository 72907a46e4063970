package store

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// dialect is all in which the two databases differ. Statements are written for
// SQLite, with parameters as ? or ?N.
type dialect struct {
	// begin starts a write transaction that no other writer, of this process or
	// another, runs beside.
	begin  []string
	rebind func(query string) string
	// timeout bounds a statement of the writer, where the database may be gone
	// without saying so. 0: none.
	timeout time.Duration
	// alone says that a statement that failed has changed nothing and stopped nothing:
	// a transaction of one needs no savepoint.
	alone bool
	// numbers is a table whose column value has the numbers of a JSON array, ?1.
	numbers string
	rolls   rollDialect
}

var onSQLite = dialect{
	begin:   []string{"BEGIN IMMEDIATE"},
	rebind:  func(query string) string { return query },
	alone:   true,
	numbers: `json_each(?1)`,
	rolls:   rollsOnSQLite{},
}

var onPostgres = dialect{
	// The row's lock is what keeps other writers out, until the commit. So change
	// numbers are committed in their order, and who has seen one has seen all below
	// it. Whoever follows is woken by the commit.
	begin:   []string{"BEGIN", "UPDATE change_count SET n = n + 1", "NOTIFY " + changedChannel},
	rebind:  numbered,
	timeout: 30 * time.Second,
	numbers: `(SELECT CAST(value AS BIGINT) AS value FROM json_array_elements_text(CAST(?1 AS JSON)) AS x(value))`,
	rolls:   rollsOnPostgres{},
}

// numbered writes ? and ?N as $N.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for i := 0; i < len(query); i++ {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		b.WriteByte('$')
		if i+1 < len(query) && query[i+1] >= '0' && query[i+1] <= '9' {
			continue // the number follows
		}
		n++
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// values gives arguments the form that both databases' drivers take.
func values(args []any) []any {
	for i, a := range args {
		if yes, ok := a.(bool); ok {
			args[i] = 0
			if yes {
				args[i] = 1
			}
		}
	}
	return args
}

// within is the context of one statement of the writer.
func (d *dialect) within() (context.Context, context.CancelFunc) {
	if d.timeout == 0 {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), d.timeout)
}
