#include "control/ocsp/http_post.h"

#include "control/version.h"
#include "dataplane/base/check.h"

namespace sallyport {

HttpPost::HttpPost(PostRequest request, void* owner)
    : request_(std::move(request)), easy_(curl_easy_init()) {
  CHECK(easy_ != nullptr);
  for (const std::string& field :
       {"Content-Type: " + request_.type, "Accept: " + request_.accept, std::string("Expect:")}) {
    fields_.reset(curl_slist_append(fields_.release(), field.c_str()));
  }
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, owner);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields_.get());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, (std::string("sallyport/") + kVersion).c_str());
  // A handler of signals would be one for all threads.
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Nor does whoever ends wait for a name that does not resolve.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.deadline.count()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void* HttpPost::owner(CURL* handle) {
  void* owner = nullptr;
  curl_easy_getinfo(handle, CURLINFO_PRIVATE, &owner);
  return owner;
}

size_t HttpPost::take(char* bytes, size_t size, size_t count, void* self) {
  auto& post = *static_cast<HttpPost*>(self);
  size_t more = size * count;
  if (more > post.request_.most - post.body_.size()) return 0;  // an error to libcurl
  post.body_.append(bytes, more);
  return more;
}

std::string HttpPost::fault(CURLcode code) const {
  if (code == CURLE_WRITE_ERROR) {
    return "the answer is longer than " + std::to_string(request_.most) + " bytes";
  }
  if (code != CURLE_OK) return curl_easy_strerror(code);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status == 200 ? "" : "answered with status " + std::to_string(status);
}

}  // namespace sallyport
