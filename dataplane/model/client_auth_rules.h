// The part of validation that concerns what is asked of clients' certificates.
#pragma once

#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"
#include "dataplane/model/secret_book.h"

namespace sallyport {

/// REQUIRES: all outlive it.
class ClientAuthRules {
 public:
  ClientAuthRules(SecretBook& secrets, Problems& problems)
      : secrets_(secrets), problems_(problems) {}

  /// `tls_listener` is the name of a listener of the site that carries bytes, among which there is
  /// no answer to give; empty: there is none. REQUIRES: `draft` has a value.
  void of_site(const Written<DraftClientAuth>& draft, const std::string& tls_listener,
               ClientAuth& auth);
  /// `site` is what the route's site asks for. REQUIRES: `draft` has a value.
  void of_route(const Written<DraftClientAuth>& draft, const ClientAuth& site, ClientAuth& auth);

 private:
  bool check(const Written<DraftClientAuth>& draft, ClientAuth& auth);
  void check_error_page(const Written<std::string>& draft, const Written<OnFailure>& on_failure,
                        ClientAuth& auth);
  void check_match(const Written<DraftClientMatch>& draft, ClientAuth& auth);
  template <class T, class Parse>
  std::vector<T> parsed(const WrittenList<std::string>& list, Parse parse);

  SecretBook& secrets_;
  Problems& problems_;
};

}  // namespace sallyport
